#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

enum Memory {
  /// Whether `key` stands at `start` of `all`. Precondition: there is room for it.
  @inline(__always)
  static func isEqual(_ all: UnsafeRawBufferPointer, _ start: Int, _ key: UnsafeRawBufferPointer) -> Bool {
    guard key.count > 0, let left = all.baseAddress, let right = key.baseAddress else { return key.count == 0 }
    return memcmp(left + start, right, key.count) == 0
  }
}
