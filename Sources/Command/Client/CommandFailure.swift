import ArgumentParser
import Foundation

/// Why a command ends without having done what was asked: a sentence on stderr and an exit code.
struct CommandFailure: Error {
  let code: ExitStatus
  let message: String

  init(_ code: ExitStatus, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// What the process says to whoever called it.
enum ExitStatus: Int32 {
  case done = 0
  case failed = 1
  case no = 2
  case waitingForApproval = 3
  case signIn = 4
  case notSealed = 5
}

/// Runs a command's work and turns its end into an exit code. Data goes to stdout, everything else to stderr.
func finish(_ work: () async throws -> ExitStatus) async throws {
  let status: ExitStatus
  do {
    status = try await work()
  } catch let failure as CommandFailure {
    Terminal.note("breakwater: \(failure.message)")
    status = failure.code
  }
  if status != .done { throw ExitCode(status.rawValue) }
}
