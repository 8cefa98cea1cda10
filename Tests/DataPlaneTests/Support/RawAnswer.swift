/// One HTTP answer as it came over the wire.
struct RawAnswer: Sendable {
  let status: Int
  /// In the order received, names as sent.
  let fields: [(name: String, value: String)]
  /// Chunks joined.
  var body: [UInt8] = []

  var text: String { String(decoding: body, as: UTF8.self) }
  func all(_ name: String) -> [String] {
    fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }
  /// The value of a field that is there exactly once.
  func only(_ name: String) -> String? { all(name).count == 1 ? all(name)[0] : nil }
}

extension RawConnection {
  /// Waits for one whole answer and removes it. `method` is the request's: an answer to HEAD has no body.
  func answer(to method: String = "GET", within limit: Duration = .seconds(60)) async throws -> RawAnswer {
    let head = try await take(until: "\r\n\r\n", within: limit)
    let lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)
    let words = lines[0].split(separator: " ", maxSplits: 2)
    guard words.count >= 2, let status = Int(words[1]) else {
      throw NotInTime(what: "an answer: \(head)", limit: limit)
    }
    let fields = lines.dropFirst().map { line -> (name: String, value: String) in
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1].trimmingPrefix(" ")) : "")
    }
    var answer = RawAnswer(status: status, fields: fields)
    if method == "HEAD" || status < 200 || status == 204 || status == 304 { return answer }
    if answer.only("transfer-encoding") == "chunked" {
      while true {
        let line = try await take(until: "\r\n", within: limit).dropLast(1)
        guard let size = Int(line, radix: 16) else { throw NotInTime(what: "a chunk size: \(line)", limit: limit) }
        answer.body += try await take(size, within: limit)
        _ = try await take(until: "\r\n", within: limit)
        if size == 0 { return answer }
      }
    }
    if let length = answer.only("content-length").flatMap({ Int($0) }) {
      answer.body = try await take(length, within: limit)
      if answer.body.count < length { throw NotInTime(what: "\(length) bytes, got \(answer.body.count)", limit: limit) }
    } else {
      try await closed(within: limit)
      answer.body = take()
    }
    return answer
  }
}
