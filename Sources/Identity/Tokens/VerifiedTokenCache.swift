// public: looked up once per request by another target's event loops.

public import ControlModel

/// Principals of tokens that were verified before, so that a client pays for its signature once and not per request.
///
/// Belongs to one event loop. Only verified tokens enter; a hit compares every byte of the token and checks the clock,
/// the key generation and the revocation epoch again, so it answers exactly what a full verification would. Refusals
/// are never remembered. Memory is bounded in bytes; the victim is chosen by CLOCK (second chance).
///
/// A hit costs 0.04 µs among 64 RS256 tokens and up to 0.3 µs among 20 000, which no longer fit the processor's caches;
/// a miss 0.014 µs (release, one core).
public final class VerifiedTokenCache {
  private let keys: KeyStore
  private let revocations: RevocationStore
  private let bytesMax: Int
  /// Unknown to callers, so that nobody can aim tokens at one slot.
  private let seed: UInt64

  private var entries: [Entry] = []
  private var vacant: [Int] = []
  /// Open addressing with linear probing; at most half full.
  private var slots: [Slot]
  private var hand = 0
  /// Where the principal looked up or remembered last is kept; -1 if it is not. Places are reused: whoever keeps
  /// something beside one compares the principal.
  public private(set) var latestEntry = -1
  private var bytes = 0

  private struct Slot {
    var fingerprint: UInt32
    /// Index into `entries` plus one; zero is an empty slot.
    var entry: UInt32
  }

  private struct Entry {
    var token: [UInt8]
    /// `nil` while the entry is vacant.
    var principal: Principal?
    var hash: UInt64
    var keyGeneration: UInt64
    var revocationEpoch: UInt64
    var cost: Int
    var wasUsed = false
  }

  /// Index, slots and array headers of one entry, and what an event loop keeps beside it.
  private static let entryOverheadBytes = 400
  private static let slotsMin = 64
  /// Bytes of the token's end that are hashed. They are signature, which no two tokens share but by design.
  private static let tailBytes = 16

  /// - Parameters:
  ///   - bytesMax: tokens, principals and index together. 32 MiB hold about 24 000 RS256 tokens.
  ///   - seed: random, kept secret.
  package init(keys: KeyStore, revocations: RevocationStore, bytesMax: Int, seed: UInt64) {
    self.keys = keys
    self.revocations = revocations
    self.bytesMax = bytesMax
    self.seed = seed
    slots = Array(repeating: Slot(fingerprint: 0, entry: 0), count: Self.slotsMin)
  }

  /// Tokens remembered now.
  public var count: Int { entries.count - vacant.count }
  /// Bytes accounted for; never more than the bound.
  public var bytesUsed: Int { bytes }

  /// The principal of a token that was verified before and is still good; `nil` if it has to be verified.
  ///
  /// Refuses with `auth.expired`, `auth.not_yet_valid` or `auth.revoked` a token that verified and has stopped being
  /// good since.
  public func principal(for token: Span<UInt8>, at now: WallTime) throws(Refusal) -> Principal? {
    guard token.count > Self.tailBytes else { return nil }
    let hash = hash(token)
    guard let slot = slot(of: token, hash) else { return nil }
    let index = Int(slots[slot].entry) - 1
    guard entries[index].keyGeneration == keys.generation else {
      remove(index, slot: slot)
      return nil
    }
    guard let principal = entries[index].principal else { return nil }
    try principal.checkValidity(at: now)
    let epoch = revocations.epoch
    if entries[index].revocationEpoch != epoch {
      try revocations.check(principal)
      entries[index].revocationEpoch = epoch
    }
    if !entries[index].wasUsed { entries[index].wasUsed = true }
    latestEntry = index
    return principal
  }

  /// Remembers a token that has just been verified.
  ///
  /// - Parameters:
  ///   - keyGeneration: of the keys that verified it, read before the verification.
  ///   - revocationEpoch: of the list it was checked against, read before the check.
  package func insert(
    _ token: Span<UInt8>, _ principal: Principal, keyGeneration: UInt64, revocationEpoch: UInt64
  ) {
    let cost = token.count + principal.memoryBytes + Self.entryOverheadBytes
    latestEntry = -1
    guard token.count > Self.tailBytes, cost <= bytesMax else { return }
    let hash = hash(token)
    if let slot = slot(of: token, hash) { remove(Int(slots[slot].entry) - 1, slot: slot) }
    while bytes + cost > bytesMax { evictOne() }
    let entry = Entry(
      token: Array(copying: token), principal: principal, hash: hash, keyGeneration: keyGeneration,
      revocationEpoch: revocationEpoch, cost: cost)
    bytes += cost
    place(entry)
  }

  /// Forgets every token; the next request of each pays for its signature again.
  package func removeAll() {
    entries.removeAll()
    vacant.removeAll()
    slots = Array(repeating: Slot(fingerprint: 0, entry: 0), count: Self.slotsMin)
    (hand, bytes) = (0, 0)
  }
}

extension VerifiedTokenCache {
  /// Mixes the last sixteen bytes with the seed: two 64-bit multiplications, folded (the wyhash construction).
  @inline(__always)
  private func hash(_ token: Span<UInt8>) -> UInt64 {
    let tail = token.count - Self.tailBytes
    let (a, b) = token.withUnsafeBytes { bytes in
      (
        bytes.loadUnaligned(fromByteOffset: tail, as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: tail + 8, as: UInt64.self)
      )
    }
    let first = (a ^ seed ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: b ^ seed ^ 0xE703_7ED1_A0B4_28DB)
    let folded = first.high ^ first.low
    let second = (folded ^ seed).multipliedFullWidth(by: 0x8EBC_6AF0_9C88_C6E3)
    return second.high ^ second.low
  }

  @inline(__always)
  private func slot(of token: Span<UInt8>, _ hash: UInt64) -> Int? {
    let mask = slots.count - 1
    let fingerprint = UInt32(truncatingIfNeeded: hash >> 32)
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let candidate = slots[slot]
      if candidate.entry == 0 { return nil }
      if candidate.fingerprint == fingerprint, areEqual(entries[Int(candidate.entry) - 1].token, token) {
        return slot
      }
      slot = (slot + 1) & mask
    }
  }

  private func place(_ entry: Entry) {
    let index: Int
    if let free = vacant.popLast() {
      entries[free] = entry
      index = free
    } else {
      entries.append(entry)
      index = entries.count - 1
    }
    latestEntry = index
    if count * 2 > slots.count {
      resize(to: slots.count * 2)
    } else {
      occupySlot(index, hash: entry.hash)
    }
  }

  private func occupySlot(_ index: Int, hash: UInt64) {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot].entry != 0 { slot = (slot + 1) & mask }
    slots[slot] = Slot(fingerprint: UInt32(truncatingIfNeeded: hash >> 32), entry: UInt32(index + 1))
  }

  private func resize(to size: Int) {
    slots = Array(repeating: Slot(fingerprint: 0, entry: 0), count: size)
    for index in entries.indices where entries[index].principal != nil { occupySlot(index, hash: entries[index].hash) }
  }

  /// Frees an entry and closes the gap its slot leaves, so that later probes still find what lies behind it.
  private func remove(_ index: Int, slot: Int) {
    bytes -= entries[index].cost
    entries[index].principal = nil
    entries[index].token = []
    vacant.append(index)
    let mask = slots.count - 1
    var gap = slot
    var next = (gap + 1) & mask
    while slots[next].entry != 0 {
      let home = Int(truncatingIfNeeded: entries[Int(slots[next].entry) - 1].hash) & mask
      if (next - home) & mask >= (next - gap) & mask {
        slots[gap] = slots[next]
        gap = next
      }
      next = (next + 1) & mask
    }
    slots[gap] = Slot(fingerprint: 0, entry: 0)
  }

  /// Passes over entries that were used since the hand was last there, once; then takes the first that was not.
  private func evictOne() {
    while true {
      if hand >= entries.count { hand = 0 }
      defer { hand += 1 }
      if entries[hand].principal == nil { continue }
      if entries[hand].wasUsed {
        entries[hand].wasUsed = false
        continue
      }
      remove(hand, slot: slot(ofEntry: hand))
      return
    }
  }

  private func slot(ofEntry index: Int) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: entries[index].hash) & mask
    while slots[slot].entry != UInt32(index + 1) {
      precondition(slots[slot].entry != 0, "Every entry of the token cache has a slot")
      slot = (slot + 1) & mask
    }
    return slot
  }
}
