package import AdminAPI
import CAssets
import Foundation

/// The files that travel inside the binary: console, alert rules, runbooks, recorded bars.
package enum EmbeddedFiles {
  package static let all: [(path: String, bytes: [UInt8])] = {
    var count = 0
    guard let table = breakwater_assets(&count) else { return [] }
    return UnsafeBufferPointer(start: table, count: count).map { asset in
      (String(cString: asset.path), Array(UnsafeBufferPointer(start: asset.bytes, count: asset.length)))
    }
  }()

  /// Files below a folder, by the rest of their path.
  package static func folder(_ name: String) -> [(name: String, bytes: [UInt8])] {
    all.compactMap { file in
      file.path.hasPrefix(name + "/") ? (String(file.path.dropFirst(name.utf8.count + 1)), file.bytes) : nil
    }
  }

  /// The console, ready to serve; `index.html` is `/`.
  package static var console: [ConsoleFile] {
    folder("console").map { name, bytes in
      ConsoleFile(
        path: name == "index.html" ? "/" : "/" + name, contentType: contentType(name), bytes: bytes)
    }
  }

  private static func contentType(_ name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    case "webmanifest": "application/manifest+json"
    default: "application/octet-stream"
    }
  }
}
