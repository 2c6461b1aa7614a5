extension DevelopmentCertificates {
    /// A name under which clients reach the gateway.
    package enum GatewayName: Sendable, Equatable {
        /// In lower case (RFC 1123 §2.1), without wildcards.
        case host(String)
        /// IPv4 or IPv6, without brackets.
        case address(String)

        /// nil: it is neither.
        package init?(_ text: String) {
            if IPAddressText.octets(text) != nil {
                self = .address(text)
            } else if text.utf8.count <= 253,
                text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({
                    DevelopmentCertificates.isLabel($0)
                }),
                // What looks like an address and is none.
                text.split(separator: ".").last?.allSatisfy(\.isNumber) == false
            {
                self = .host(text)
            } else {
                return nil
            }
        }

        /// nil: an address.
        package var hostName: String? { if case .host(let name) = self { name } else { nil } }
        /// nil: a host name.
        package var ipAddress: String? { if case .address(let address) = self { address } else { nil } }
    }

    /// Whether a service can be called so: a label of a host name, and none of the files that are made anyway.
    package static func isServiceName(_ name: String) -> Bool {
        isLabel(name[...])
            && !["ca", "client-ca", "upstream-ca", "gateway", "client", "gateway-client", "partner"].contains(name)
    }

    /// Of a host name, in lower case (RFC 1123 §2.1).
    fileprivate static func isLabel(_ text: Substring) -> Bool {
        (1...63).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasSuffix("-")
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
