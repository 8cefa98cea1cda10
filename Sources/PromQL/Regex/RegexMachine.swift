/// Runs a program over a text, all alternatives side by side (Pike's machine), so that no pattern can take more than
/// instructions times characters steps.
struct RegexMachine {
  private let program: RegexProgram
  private var current: ThreadList
  private var next: ThreadList
  private var follower: ThreadFollower

  /// - Parameter capturing: whether `run` reports where the groups matched, which costs a copy per step.
  init(_ program: RegexProgram, capturing: Bool) {
    self.program = program
    let slots = capturing ? program.slots : 0
    current = ThreadList(program: program, slots: slots)
    next = ThreadList(program: program, slots: slots)
    follower = ThreadFollower(program, slots: slots)
  }

  /// Instructions visited so far: the measure of the linear-time tests.
  var steps: Int { follower.steps }

  /// Matches the whole of `text`, UTF-8. Returns the byte positions of the groups (start and end of each, -1 if the
  /// group took no part), `nil` if there is no match. Preference among matches is leftmost-first, as in RE2.
  /// - Parameter spend: told after each character how many steps it took; throwing ends the match.
  mutating func run<Failure>(
    _ text: UnsafeRawBufferPointer, spending spend: (_ steps: Int) throws(Failure) -> Void
  ) throws(Failure) -> [Int]? {
    current.clear()
    var reader = ScalarReader(text)
    var spent = steps
    follower.start(into: &current, reader)
    while let scalar = reader.next {
      if current.isEmpty { return nil }
      try spend(steps - spent)
      spent = steps
      next.clear()
      reader.advance()
      for index in 0..<current.count {
        let instruction = current.instruction(index)
        follower.steps += 1
        guard program.instructions[instruction].reads(scalar) else { continue }
        follower.follow(instruction + 1, from: current, index, into: &next, reader)
      }
      swap(&current, &next)
    }
    return current.firstMatch(in: program)
  }
}

extension RegexProgram.Instruction {
  fileprivate func reads(_ scalar: UInt32) -> Bool {
    switch self {
    case .scalar(let wanted): wanted == scalar
    case .set(let set): set.contains(scalar)
    case .assertion, .split, .jump, .save, .match: false
    }
  }
}

/// Finds the instructions reachable without reading a character. Keeps its own stack: programs are longer than a call
/// stack is deep.
private struct ThreadFollower {
  private let program: RegexProgram
  private let slots: Int
  private var pending: [Pending] = []
  /// Group positions of the thread being followed.
  private var positions: [Int]
  var steps = 0

  /// What is still to do: an instruction to visit, or a position to restore after a branch.
  private enum Pending {
    case visit(Int)
    case restore(slot: Int, position: Int)
  }

  init(_ program: RegexProgram, slots: Int) {
    self.program = program
    self.slots = slots
    positions = Array(repeating: -1, count: slots)
  }

  mutating func start(into list: inout ThreadList, _ reader: ScalarReader) {
    for slot in 0..<slots { positions[slot] = -1 }
    visitAll(from: 0, into: &list, reader)
  }

  /// Follows a thread that went on from `index` of `threads`.
  mutating func follow(
    _ instruction: Int, from threads: ThreadList, _ index: Int, into list: inout ThreadList, _ reader: ScalarReader
  ) {
    threads.copySlots(of: index, into: &positions)
    visitAll(from: instruction, into: &list, reader)
  }

  /// Adds the threads in order of preference.
  private mutating func visitAll(from start: Int, into list: inout ThreadList, _ reader: ScalarReader) {
    pending.append(.visit(start))
    while let work = pending.popLast() {
      switch work {
      case .restore(let slot, let position): positions[slot] = position
      case .visit(let instruction):
        steps += 1
        if list.add(instruction) { visit(instruction, into: &list, reader) }
      }
    }
  }

  private mutating func visit(_ instruction: Int, into list: inout ThreadList, _ reader: ScalarReader) {
    switch program.instructions[instruction] {
    case .jump(let target): pending.append(.visit(target))
    case .split(let preferred, let other):
      pending.append(.visit(other))
      pending.append(.visit(preferred))
    case .assertion(let assertion):
      if assertion.holds(before: reader.previous, after: reader.next) { pending.append(.visit(instruction + 1)) }
    case .save(let slot):
      if slot < slots {
        pending.append(.restore(slot: slot, position: positions[slot]))
        positions[slot] = reader.position
      }
      pending.append(.visit(instruction + 1))
    case .scalar, .set, .match: list.saveSlots(positions)
    }
  }
}

/// The instructions alive at one place of the text, in order of preference, each once.
private struct ThreadList {
  /// Position of each instruction in `dense`, valid only if `dense` agrees.
  private var sparse: [Int32]
  private var dense: [Int32] = []
  private var slotValues: [Int] = []
  private let slots: Int

  init(program: RegexProgram, slots: Int) {
    self.slots = slots
    sparse = Array(repeating: 0, count: program.instructions.count)
    dense.reserveCapacity(program.instructions.count)
  }

  var count: Int { dense.count }
  var isEmpty: Bool { dense.isEmpty }

  mutating func clear() {
    dense.removeAll(keepingCapacity: true)
    slotValues.removeAll(keepingCapacity: true)
  }

  func instruction(_ index: Int) -> Int { Int(dense[index]) }

  /// Whether the instruction was not there yet.
  mutating func add(_ instruction: Int) -> Bool {
    let place = Int(sparse[instruction])
    if place < dense.count, dense[place] == instruction { return false }
    sparse[instruction] = Int32(dense.count)
    dense.append(Int32(instruction))
    if slots > 0 { slotValues.append(contentsOf: repeatElement(-1, count: slots)) }
    return true
  }

  /// Records the positions of the instruction added last.
  mutating func saveSlots(_ positions: [Int]) {
    guard slots > 0 else { return }
    slotValues.replaceSubrange((slotValues.count - slots)..., with: positions)
  }

  func copySlots(of index: Int, into positions: inout [Int]) {
    guard slots > 0 else { return }
    positions.replaceSubrange(0..., with: slotValues[(index * slots)..<((index + 1) * slots)])
  }

  func firstMatch(in program: RegexProgram) -> [Int]? {
    for (index, instruction) in dense.enumerated() {
      if case .match = program.instructions[Int(instruction)] {
        return Array(slotValues[(index * slots)..<((index + 1) * slots)])
      }
    }
    return nil
  }
}

/// Reads the characters of UTF-8 one by one. A byte that starts no character reads as U+FFFD.
private struct ScalarReader {
  private let text: UnsafeRawBufferPointer
  /// The byte the next character starts at.
  private(set) var position = 0
  private(set) var previous: UInt32?
  /// `nil` at the end.
  private(set) var next: UInt32?
  private var nextEnd = 0

  init(_ text: UnsafeRawBufferPointer) {
    self.text = text
    decode()
  }

  mutating func advance() {
    previous = next
    position = nextEnd
    decode()
  }

  private mutating func decode() {
    guard position < text.count else {
      next = nil
      return
    }
    let lead = UInt32(text[position])
    let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    guard lead < 0x80 || (lead >= 0xC2 && position + length <= text.count) else {
      (next, nextEnd) = (0xFFFD, position + 1)
      return
    }
    var scalar = length == 1 ? lead : lead & (0xFF >> UInt32(length + 1))
    for offset in 1..<max(length, 1) { scalar = scalar << 6 | UInt32(text[position + offset]) & 0x3F }
    (next, nextEnd) = (scalar, position + length)
  }
}
