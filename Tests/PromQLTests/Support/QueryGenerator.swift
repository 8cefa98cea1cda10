@testable import PromQL

/// Writes random queries that are well typed.
struct QueryGenerator {
  var random: SeededRandom

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
  }

  mutating func query() -> String {
    random.chance(90) ? vector(4) : scalar(3)
  }

  private mutating func duration() -> String {
    random.pick(["15s", "1m", "90s", "5m", "1h30m", "250ms", "60", "2m * 3", "step() + 1m", "max_of(step(), 1m)"])
  }

  private mutating func modifiers() -> String {
    var text = ""
    if random.chance(15) { text += " offset " + random.pick(["5m", "-1m", "1h", "(2m / 4)", "-step()"]) }
    if random.chance(15) { text += " @ " + random.pick(["start()", "end()", "1000", "-1.5", "1e3"]) }
    return text
  }

  private mutating func selector() -> String {
    random.pick([
      "up", "requests_total{code=~\"5..\"}", "{__name__=~\"a|b\",x!=\"\"}", "g{job!~\"x.*\",tenant='t'}",
      "job:rate:sum",
      "{\"my.metric\",\"my.label\"=\"é\"}", "sum{by=\"on\"}", "offset", "by", "latency_bucket{le=\"+Inf\"}", "nope{}",
    ])
  }

  private mutating func labels() -> String {
    let names = (0..<Int.random(in: 0...3, using: &random)).map { _ in
      random.pick(["job", "instance", "le", "\"my.label\"", "on", "__name__"])
    }
    return "(\(names.joined(separator: ",")))"
  }

  private mutating func number() -> String {
    random.pick(["0", "1", "-1", "0.5", "1e3", "0x1F", "NaN", "Inf", "-Inf", "1h", "1_000", ".5", "017", "1e100"])
  }

  private mutating func scalar(_ depth: Int) -> String {
    guard depth > 0, random.chance(40) else { return number() }
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return "time()"
    case 1: return "scalar(\(vector(depth - 1)))"
    case 2: return "-\(scalar(depth - 1))"
    case 3: return "pi()"
    default:
      return
        "(\(scalar(depth - 1)) \(random.pick(["+", "-", "*", "/", "%", "^", "atan2", "> bool"])) \(scalar(depth - 1)))"
    }
  }

  private mutating func range(_ depth: Int) -> String {
    if depth > 0, random.chance(30) {
      return "(\(vector(depth - 1)))[\(duration()):\(random.chance(50) ? "" : duration())]\(modifiers())"
    }
    return "\(selector())[\(duration())]\(modifiers())"
  }

  private mutating func vector(_ depth: Int) -> String {
    guard depth > 0, random.chance(90) else { return selector() + modifiers() }
    switch Int.random(in: 0..<10, using: &random) {
    case 0...2: return call(depth - 1)
    case 3...5: return aggregation(depth - 1)
    case 6: return "-\(vector(depth - 1))"
    case 7: return "(\(vector(depth - 1)))"
    default: return binary(depth - 1)
    }
  }

  private mutating func call(_ depth: Int) -> String {
    let function = random.pick(Function.allCases)
    let signature = function.signature
    guard function.result == .vector else { return "vector(\(scalar(depth)))" }
    if function == .labelReplace { return "label_replace(\(vector(depth)), \"d\", \"$1-${1}\", 's', `(.*)`)" }
    let count = Int.random(in: signature.argumentsMin...(signature.argumentsMax ?? 5), using: &random)
    let arguments = (0..<count).map { index in
      switch signature.arguments[min(index, signature.arguments.count - 1)] {
      case .scalar: scalar(depth)
      case .vector: vector(depth)
      case .range: range(depth)
      case .string: random.pick(["\"a\"", "'b\\n'", "`c`", "\"\"", "\"\\u00e9\""])
      }
    }
    return "\(function.rawValue)(\(arguments.joined(separator: ", ")))"
  }

  private mutating func aggregation(_ depth: Int) -> String {
    let name = random.pick([
      "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "quantile", "count_values",
    ])
    let parameter =
      switch name {
      case "topk": random.pick(["1, ", "2, "])
      case "quantile": "\(scalar(depth)), "
      case "count_values": "\"v\", "
      default: ""
      }
    let body = "(\(parameter)\(vector(depth)))"
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return name + body
    case 1: return "\(name) by \(labels()) \(body)"
    case 2: return "\(name)\(body) without \(labels())"
    default: return "\(name) without \(labels()) \(body)"
    }
  }

  private mutating func binary(_ depth: Int) -> String {
    let operation = random.pick(["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", ">=", "and", "or", "unless"])
    let isSet = ["and", "or", "unless"].contains(operation)
    let isComparison = ["==", "!=", "<", ">="].contains(operation)
    let bool = isComparison && random.chance(40) ? " bool" : ""
    if !isSet, random.chance(30) { return "\(vector(depth)) \(operation)\(bool) \(scalar(depth))" }
    var matching = ""
    if random.chance(60) { matching = " \(random.pick(["on", "ignoring"])) \(labels())" }
    if !isSet, matching.hasPrefix(" ignoring"), random.chance(40) {
      matching += " \(random.pick(["group_left", "group_right"])) (extra)"
    }
    return "\(vector(depth)) \(operation)\(bool)\(matching) \(vector(depth))"
  }
}
