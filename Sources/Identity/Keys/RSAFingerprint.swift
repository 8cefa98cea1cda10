/// Recognises RSA keys made by Infineon's flawed library (CVE-2017-15361, "ROCA": Nemec et al., CCS 2017), whose
/// private half can be computed from the public one.
///
/// Its primes are k·M + (65537^a mod M), with M a product of small primes, so the modulus of such a key is a power of
/// 65537 modulo every small prime; for an honest key that holds by chance about once in 2^27.
enum RSAFingerprint {
  /// The odd primes up to 167: the divisors of M for keys of every length.
  private static let primes = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
  ]

  /// - Parameter modulus: big-endian.
  static func isROCA(_ modulus: [UInt8]) -> Bool {
    primes.allSatisfy { prime in
      let residue = modulus.reduce(0) { ($0 << 8 | Int($1)) % prime }
      return powersOf65537(modulo: prime).contains(residue)
    }
  }

  private static func powersOf65537(modulo prime: Int) -> Set<Int> {
    var powers: Set<Int> = []
    var power = 1
    while powers.insert(power).inserted { power = power * 65537 % prime }
    return powers
  }
}
