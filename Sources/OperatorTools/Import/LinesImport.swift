import Administration
import JSON
import LogIn

/// Accounts and clients as JSON Lines: one object a line.
package enum LinesImport {
    /// Accounts: `name`, and what else is known.
    package static func users(_ octets: [UInt8]) -> [ImportEntry] {
        entries(
            octets, "user",
            known: ["name", "email", "email_verified", "display_name", "disabled", "password_hash", "attributes"]
        ) {
            object in
            guard let name = object.text("name") else { return ImportEntry("user", .unusable("it has no \"name\"")) }
            var user = ImportedUser(name: name)
            user.email = object.text("email")
            user.isEmailVerified = object.isTrue("email_verified")
            user.displayName = object.text("display_name")
            user.isDisabled = object.isTrue("disabled")
            do throws(ImportFault) { user.attributes = try attributes(object["attributes"]) } catch {
                return ImportEntry("user \(name)", .unusable(error.description))
            }
            var notes: [String] = []
            if let text = object.text("password_hash") {
                do throws(PasswordHashFault) { user.password = try ImportedPasswordHash(text: text) } catch {
                    return ImportEntry("user \(name)", .unusable("\"password_hash\": \(error)"))
                }
            } else {
                notes.append("it has no password: it cannot log in before it gets one")
            }
            return ImportEntry("user \(name)", .user(user), notes: notes)
        }
    }

    /// Each a text, or a list of texts.
    private static func attributes(_ value: JSON?) throws(ImportFault) -> [String: [String]] {
        guard let value, !value.isNull else { return [:] }
        var attributes: [String: [String]] = [:]
        for (name, value) in value.object?.members ?? [] {
            attributes[name] = value.string.map { [$0] } ?? (value.array ?? []).compactMap(\.string)
        }
        guard value.object != nil, UserDirectory.areAttributes(attributes) else {
            throw ImportFault(
                "\"attributes\": expected names with texts or lists of texts, as user set --attribute takes them")
        }
        return attributes
    }

    /// Clients: metadata of RFC 7591 with `client_id`, perhaps `client_secret` and `first_party`.
    package static func clients(_ octets: [UInt8]) -> [ImportEntry] {
        entries(octets, "client", known: nil) { object in
            guard let id = object.text("client_id") else {
                return ImportEntry("client", .unusable("it has no \"client_id\""))
            }
            var client = ImportedClient(id: id, metadata: object)
            for name in [
                "client_id", "client_secret", "client_id_issued_at", "client_secret_expires_at", "first_party",
            ] {
                client.metadata[name] = nil
            }
            client.isFirstParty = object.isTrue("first_party")
            client.secret = object.text("client_secret")
            // RFC 7591 §2: what a server does not know it passes over. Whoever brings it should hear of it.
            let strange = client.metadata.members.filter { name, value in
                !Administration.clientMembers.contains(name) && !name.hasPrefix(Administration.clientNameMember)
                    && !ImportNotes.saysNothing(value)
            }
            return ImportEntry("client \(id)", .client(client), notes: ImportNotes.members(strange.map(\.name)))
        }
    }

    private static func entries(
        _ octets: [UInt8], _ kind: String, known: Set<String>?, _ read: (JSONObject) -> ImportEntry
    ) -> [ImportEntry] {
        var entries: [ImportEntry] = []
        for (index, line) in octets.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = line.last == 0x0D ? line.dropLast() : line
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            let place = "line \(index + 1)"
            guard line.count <= ImportBounds.lineBytesMax, let object = (try? JSON.parse(Array(line)))?.object else {
                entries.append(ImportEntry(place, .unusable("is no JSON object, or larger than 64 KiB")))
                continue
            }
            if let strange = known.flatMap({ known in object.names.first { !known.contains($0) } }) {
                entries.append(
                    ImportEntry(
                        "\(place), \(kind) \(object.text("name") ?? "")",
                        .unusable(
                            "\"\(strange.shownOnTerminal)\" is not known; known are \(known?.sorted().joined(separator: ", ") ?? "")"
                        )))
                continue
            }
            entries.append(read(object))
        }
        return entries
    }
}
