// public: two draws per request; a system call per draw (getrandom) costs more than the rest of the head.

/// xoshiro256** (Blackman and Vigna, public domain): fast, seedable, not for secrets. One per event loop.
public struct FastRandom: RandomNumberGenerator, Sendable {
  private var s0: UInt64
  private var s1: UInt64
  private var s2: UInt64
  private var s3: UInt64

  /// Expands one seed word with splitmix64; equal seeds give equal sequences.
  public init(seed: UInt64) {
    var x = seed
    func mix() -> UInt64 {
      x &+= 0x9e37_79b9_7f4a_7c15
      var z = x
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return z ^ z >> 31
    }
    (s0, s1, s2, s3) = (mix(), mix(), mix(), mix())
  }

  public mutating func next() -> UInt64 {
    let product = s1 &* 5
    let result = (product << 7 | product >> 57) &* 9
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = s3 << 45 | s3 >> 19
    return result
  }
}
