#if !LIBFUZZER
  import Foundation
  import Telemetry

  /// `breakwater-fuzz SUBJECT|all [--runs N] [--seconds S] [--seed N] [--corpus DIR]`: damaged inputs, the same ones for the
  /// same seed. Built with `-D LIBFUZZER` and `--sanitize fuzzer` the same subjects are driven by libFuzzer instead.
  @main
  struct SeededRun {
    private var subjects = Subject.allCases
    private var runsMax = 1_000_000
    private var secondsMax = Double.infinity
    private var seed: UInt64 = 1
    private var corpusFolder: String?

    static func main() {
      var run = SeededRun()
      guard run.read(Array(CommandLine.arguments.dropFirst())) else {
        print("usage: breakwater-fuzz all|\(Subject.allCases.map(\.rawValue).joined(separator: "|"))")
        print("  [--runs N] [--seconds S] [--seed N] [--corpus DIR]")
        exit(64)
      }
      for subject in run.subjects { run.fuzz(subject) }
    }

    private mutating func read(_ arguments: [String]) -> Bool {
      guard let name = arguments.first else { return false }
      if name != "all" {
        guard let subject = Subject(rawValue: name) else { return false }
        subjects = [subject]
      }
      var rest = arguments.dropFirst()
      while let option = rest.popFirst() {
        guard let value = rest.popFirst() else { return false }
        switch option {
        case "--runs": runsMax = Int(value) ?? 0
        case "--seconds": secondsMax = Double(value) ?? 0
        case "--seed": seed = UInt64(value) ?? 0
        case "--corpus": corpusFolder = value
        default: return false
        }
      }
      return runsMax > 0 && secondsMax > 0
    }

    private func fuzz(_ subject: Subject) {
      var fuzzing = Fuzzing(subject, seed: seed)
      var random = FastRandom(seed: seed)
      let seeds = fuzzing.seeds
      let corpus = seeds + files(subject)
      for input in corpus { _ = fuzzing.run(input) }
      let start = ContinuousClock.now
      var runs = 0
      var accepted = 0
      var signed = 0
      while runs < runsMax {
        if runs & 0xff == 0, (ContinuousClock.now - start) / .seconds(1) >= secondsMax { break }
        if subject == .tokens, runs & 0xf == 0 {
          signed += fuzzing.runSigned() ? 1 : 0
        } else {
          // Half of them from inputs that are right, or most would fail at their first byte.
          let origin = runs & 1 == 0 ? seeds[(runs >> 1) % seeds.count] : corpus[(runs >> 1) % corpus.count]
          let input = fuzzing.mutate(origin, corpus, using: &random)
          accepted += fuzzing.run(input) ? 1 : 0
        }
        runs += 1
      }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let verdicts =
        switch subject {
        case .tokens:
          "0 forgeries accepted (\(accepted) were the signed bytes; \(signed) signed with damaged claims passed as valid)"
        case .documents: "nothing else asked of them"
        case .requests, .lists, .answers, .queries: "\(accepted) accepted, each read again and found right"
        }
      print(
        "fuzz \(subject.rawValue): \(runs) runs, 0 crashes, \(verdicts); "
          + "\(Int(Double(runs) / max(seconds, 0.001))) a second, seed \(seed)")
    }

    /// The files of `DIR/SUBJECT`, at most 16 KiB each.
    private func files(_ subject: Subject) -> [[UInt8]] {
      guard let corpusFolder else { return [] }
      let folder = "\(corpusFolder)/\(subject.rawValue)"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.sorted().compactMap { FileManager.default.contents(atPath: "\(folder)/\($0)") }.map { [UInt8]($0) }
        .filter { $0.count <= 16 * 1024 }
    }
  }
#endif
