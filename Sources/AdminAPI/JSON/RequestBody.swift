import ControlModel
import DataPlane
import Foundation
import Identity
import NIOCore
import Wire

/// Reads a request's JSON body strictly: a member given twice or misspelled is refused, because a forgotten name can turn
/// a narrow stop into a wide one.
enum RequestBody {
  /// The document in the body; an empty body is an empty object.
  static func decode<Document: Decodable>(
    _ type: Document.Type, members: [String], _ call: Call
  ) throws(Refusal) -> Document {
    try decode(type, members: members, Array(call.body.readableBytesView))
  }

  static func decode<Document: Decodable>(
    _ type: Document.Type, members: [String], _ body: [UInt8]
  ) throws(Refusal) -> Document {
    var bytes = body
    if bytes.isEmpty { bytes = Array("{}".utf8) }
    let document: JSONDocument
    do {
      document = try JSONDocument(bytes, .body)
    } catch {
      throw Refusal(.requestInvalid, "The body is not strict JSON: \(error).")
    }
    guard document.root.isObject else { throw Refusal(.requestInvalid, "The body is a JSON object.") }
    let unknown = document.root.members.map(\.name).filter { !members.contains($0) }
    guard unknown.isEmpty else {
      throw Refusal(
        .requestInvalid,
        "Unknown members \(unknown.joined(separator: ", ")); known are \(members.joined(separator: ", ")).",
        fields: unknown.map { FieldProblem($0, "is not known here") })
    }
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw Self.refusal(error)
    } catch {
      throw Refusal(.requestInvalid, "The body cannot be read.")
    }
  }

  private static func refusal(_ error: DecodingError) -> Refusal {
    let (path, problem): ([any CodingKey], String) =
      switch error {
      case .typeMismatch(let type, let context): (context.codingPath, "is not a \(type)")
      case .valueNotFound(_, let context): (context.codingPath, "is missing")
      case .keyNotFound(let key, let context): (context.codingPath + [key], "is missing")
      case .dataCorrupted(let context): (context.codingPath, "cannot be read")
      @unknown default: ([], "cannot be read")
      }
    let field = path.map(\.stringValue).joined(separator: ".")
    return Refusal(
      .requestInvalid, "The member \(field) \(problem).", fields: [FieldProblem(field, problem)])
  }
}
