import Crypto
import JOSE

/// Names a signature: of which token or proof, and by whose keys. What has the same name has the same outcome.
package struct SignatureName: Sendable, Hashable {
    /// SHA-256 of the token, or of the proof.
    private let of: Digest256
    /// The issuer's configuration and keys; nil: the key came with what it signed.
    private let issuer: Digest256?

    /// Of a token.
    init(token: Digest256, _ entry: IssuerSet.Entry) {
        of = token
        issuer = entry.fingerprint
    }

    /// Of a proof.
    init(proof octets: [UInt8]) {
        of = SHA256.hash(data: octets).withUnsafeBytes { Digest256(digest: $0) }
        issuer = nil
    }
}

/// A signature whose check takes so long that it is made elsewhere, while the request waits.
package struct SignatureQuestion: Sendable, Equatable {
    /// Questions with the same name have the same answer.
    package let name: SignatureName
    private let check: SignatureCheck

    init(_ name: SignatureName, _ check: SignatureCheck) {
        self.name = name
        self.check = check
    }

    /// Checks it: takes up to some milliseconds.
    package func answered() -> CheckedSignature {
        do throws(JOSEError) {
            return CheckedSignature(name: name, outcome: .success(try check.verified()))
        } catch {
            return CheckedSignature(name: name, outcome: .failure(error))
        }
    }

    /// By name.
    package static func == (one: Self, other: Self) -> Bool { one.name == other.name }
}

/// What came of a check that was made elsewhere. It counts for the signature of that name alone, so for nothing once
/// the issuer's keys are others.
package struct CheckedSignature: Sendable {
    package let name: SignatureName
    let outcome: Result<VerifiedJWS, JOSEError>

    /// The signature holds.
    package var isGood: Bool { if case .success = outcome { true } else { false } }

    fileprivate init(name: SignatureName, outcome: Result<VerifiedJWS, JOSEError>) {
        self.name = name
        self.outcome = outcome
    }
}

/// What is known of signatures that take long to check.
struct CheckedSignatures {
    /// nil: each is checked at once, however long it takes.
    private let known: [CheckedSignature]?

    /// For whoever has time.
    static let atOnce = CheckedSignatures(known: nil)

    private init(known: [CheckedSignature]?) { self.known = known }

    /// - Parameter known: of this request; anything else is to be asked for.
    init(_ known: [CheckedSignature]) { self.known = known }

    /// Anything was found out for this request before.
    var isEmpty: Bool { known?.isEmpty ?? true }

    enum Finding {
        case checked(Result<VerifiedJWS, JOSEError>)
        case unchecked(SignatureQuestion)
    }

    /// - Parameter name: asked for only if the check takes long.
    func outcome(_ check: SignatureCheck, _ name: @autoclosure () -> SignatureName) -> Finding {
        if let known, check.isCostly {
            let name = name()
            guard let found = known.last(where: { $0.name == name }) else {
                return .unchecked(SignatureQuestion(name, check))
            }
            return .checked(found.outcome)
        }
        do throws(JOSEError) { return .checked(.success(try check.verified())) } catch {
            return .checked(.failure(error))
        }
    }
}
