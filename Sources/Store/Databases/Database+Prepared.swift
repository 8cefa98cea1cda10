import GRDB

/// Statements that run often, prepared once per connection: preparing takes longer than most of them run.
extension GRDB.Database {
  func run(prepared sql: String, _ arguments: StatementArguments) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }

  func row(prepared sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Row? {
    try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments)
  }

  func rows(prepared sql: String) throws -> [Row] { try Row.fetchAll(cachedStatement(sql: sql)) }
}
