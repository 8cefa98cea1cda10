extension ConfigurationLoader {
  /// The metric store and where its samples go.
  static func metrics(_ section: SettingsSection) -> Configuration.Metrics {
    let receivers = section.sections("remoteWrite").compactMap { one -> Configuration.RemoteWriteReceiver? in
      let name = one.string("name", default: "")
      let url = one.optional("url", allowed: "an http(s) URL") {
        $0.hasPrefix("http://") || $0.hasPrefix("https://") ? $0 : nil
      }
      if name.isEmpty { one.reader.problem(one.node, one.full("name"), "is missing") }
      if url == nil, one.value("url") == nil { one.reader.problem(one.node, one.full("url"), "is missing") }
      one.finish()
      return url.map { Configuration.RemoteWriteReceiver(name: name, url: $0) }
    }
    let metrics = Configuration.Metrics(
      retention: section.duration(
        "retention", default: .seconds(15 * 86_400), in: .seconds(3 * 3600)...(.seconds(400 * 86_400))),
      followsPrometheus2: section.choice("promqlCompat", default: false, [("3", false), ("2.42", true)]),
      remoteWrite: receivers)
    section.finish()
    return metrics
  }
}
