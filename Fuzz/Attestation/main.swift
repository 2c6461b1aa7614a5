import JSON
import Octets

@testable import Authenticators

let party = RelyingParty(origin: "https://login.example")

/// Reads the input as CBOR, as an attestation object, as what an authenticator says, and as what a page sends.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    if let value = try? CBOR.parse(octets) {
        precondition(written(value) == octets, "a value has two spellings")
        if let key = try? PasskeyKey(cose: value) {
            precondition(PasskeyKey(jwk: key.jwk)?.jwk == key.jwk, "a stored key is another")
            precondition(PasskeyKey.algorithms.contains(key.algorithm))
        }
    }
    if let said = try? AuthenticatorData(octets) { check(said, octets) }
    if let text = String(validating: octets, as: UTF8.self) {
        _ = try? PasskeyAssertion(text)
        _ = try? PasskeyRegistration(text)
    }
    // Behind good client data, so that the rest of a registration is reached.
    let client = #"{"type":"webauthn.create","challenge":"AAAA","origin":"https://login.example"}"#
    let answer =
        #"{"clientData":"\#(Base64URL.encode(Array(client.utf8)))","attestation":"\#(Base64URL.encode(octets))"}"#
    if let party, let registration = try? PasskeyRegistration(answer),
        let made = try? party.newPasskey(registration, challenge: "AAAA", verifiesUser: true)
    {
        precondition((1...AuthenticatorData.credentialIDBytesMax).contains(made.credentialID.count))
        precondition(octets.count <= CBOR.bytesMax)
    }
    return 0
}

func check(_ said: AuthenticatorData, _ octets: [UInt8]) {
    precondition(said.relyingPartyHash == Array(octets[..<32]))
    precondition(said.isUserPresent == (octets[32] & 1 != 0) && said.isUserVerified == (octets[32] & 4 != 0))
    precondition(!said.isBackedUp || said.isBackupEligible, "copied, and not to be copied")
    precondition((said.credential != nil) == (octets[32] & 0x40 != 0))
    precondition(octets[32] & 0xC0 != 0 || octets.count == 37, "octets that nobody has read")
}

/// CTAP 2.1 §8, with the keys of maps in the order in which they stood.
func written(_ value: CBOR) -> [UInt8] {
    switch value {
    case .unsigned(let number): head(0, number)
    case .negative(let number): head(1, number)
    case .bytes(let octets): head(2, UInt64(octets.count)) + octets
    case .text(let text): head(3, UInt64(text.utf8.count)) + Array(text.utf8)
    case .array(let values): head(4, UInt64(values.count)) + values.flatMap(written)
    case .map(let members):
        head(5, UInt64(members.count)) + members.flatMap { written($0.key) + written($0.value) }
    case .bool(let flag): [flag ? 0xF5 : 0xF4]
    case .null: [0xF6]
    }
}

func head(_ major: UInt8, _ number: UInt64) -> [UInt8] {
    if number < 24 { return [major << 5 | UInt8(number)] }
    let count: UInt64 = number < 1 << 8 ? 1 : number < 1 << 16 ? 2 : number < 1 << 32 ? 4 : 8
    let low: UInt8 = count == 1 ? 24 : count == 2 ? 25 : count == 4 ? 26 : 27
    return [major << 5 | low] + (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * (count - 1 - $0))) }
}
