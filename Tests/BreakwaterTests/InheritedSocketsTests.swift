import Breakwater
import Testing

/// What a supervisor says about sockets it hands over.
@Suite struct `Sockets handed over` {
  private func sockets(_ environment: [String: String]) -> [Int32?] {
    let sockets = InheritedSockets(environment: environment, process: 42)
    return [sockets.listen, sockets.ops]
  }

  @Test func `are told by name, or by their order`() {
    #expect(sockets(["LISTEN_PID": "42", "LISTEN_FDS": "2"]) == [3, 4])
    #expect(sockets(["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "ops:public"]) == [4, 3])
    #expect(sockets(["LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "ops"]) == [nil, 3])
    #expect(sockets(["LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "other:public:ops"]) == [4, 5])
  }

  @Test(arguments: [
    [:], ["LISTEN_FDS": "2"], ["LISTEN_PID": "41", "LISTEN_FDS": "2"], ["LISTEN_PID": "42", "LISTEN_FDS": "0"],
    ["LISTEN_PID": "42", "LISTEN_FDS": "many"], ["LISTEN_PID": "42", "LISTEN_FDS": "-1"],
  ])
  func `are none when they are meant for another process, or not told`(environment: [String: String]) {
    #expect(sockets(environment) == [nil, nil])
  }
}
