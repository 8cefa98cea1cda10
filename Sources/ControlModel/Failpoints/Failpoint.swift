/// A moment of a stop at which a test can have the process die.
package enum Failpoint: String, CaseIterable, Sendable {
  case afterLocalClose = "after_local_close"
  case midDrain = "mid_drain"
  case afterJournal = "after_journal"
  case afterStoreWrite = "after_store_write"
  case beforeAck = "before_ack"
}
