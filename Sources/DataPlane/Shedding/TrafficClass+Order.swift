/// In which order requests are given up when not all can be served.
extension TrafficClass {
  /// How much of a limit this class may fill, in thousandths. What is left belongs to those that matter more, so that they
  /// find room when it gets tight: expensive requests are shed first, cancels last. `control` takes no slot at all.
  var ceilingPermille: Int {
    switch self {
    case .expensive: 750
    case .read: 850
    case .write: 900
    case .trading: 940
    case .stream: 960
    case .admin: 980
    case .riskReducing, .control: 1000
    }
  }

  /// Slots beyond the limit for cancels and closes: what shrinks risk must get through a flood of what does not.
  var reserve: Int { self == .riskReducing ? 32 : 0 }

  var index: Int {
    switch self {
    case .expensive: 0
    case .read: 1
    case .write: 2
    case .trading: 3
    case .stream: 4
    case .admin: 5
    case .riskReducing: 6
    case .control: 7
    }
  }
}
