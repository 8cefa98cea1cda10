import NIOCore
import Testing

@testable import DataPlane

@Suite struct `A chunk size line` {
  @Test(arguments: [0, 1, 9, 10, 15, 16, 255, 256, 4095, 4096, 65_535, 1 << 20, 0xabc_def0, Int(Int32.max)])
  func `is the number in hexadecimal`(size: Int) {
    var buffer = ByteBuffer()
    buffer.writeChunkSize(size)
    #expect(String(buffer: buffer) == String(size, radix: 16) + "\r\n")
  }
}
