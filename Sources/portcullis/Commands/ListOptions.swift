import ArgumentParser
import Foundation
import JSON
import OperatorTools

/// Parts of lists, and lists for programs.
struct ListOptions: ParsableArguments {
    @Option(help: "So many at most. What the next part begins behind is said on standard error.")
    var limit: Int?

    @Option(help: "Behind this one: what the part before was left with.")
    var after: String?

    @Flag(help: "One JSON array, with everything that is known of each.")
    var json = false

    func validate() throws {
        guard limit.map({ $0 > 0 }) ?? true else { throw ValidationError("--limit is at least 1") }
    }

    /// Prints a list, and says what is missing in it.
    /// - Parameters:
    ///   - command: that made it.
    ///   - document: of one of it.
    ///   - line: for people.
    func show<Item>(
        _ list: Listing<Item>, _ command: String, document: (Item) -> JSONObject, line: (Item) -> String
    ) throws(ExitCode) {
        if json {
            let all = JSON.array(list.items.map { .object(document($0)) }).serialized(pretty: true)
            print(String(decoding: all, as: UTF8.self))
        } else {
            for item in list.items { print(line(item)) }
        }
        if let next = list.next, let limit {
            StandardError.write("there are more: portcullis \(command) --limit \(limit) --after \(next)\n")
        }
        try list.reportDamage()
    }
}

/// For the help of lists that come in parts.
let listDiscussion = """
    A long list comes in parts by --limit and --after; objects that are added or removed meanwhile do not affect others.

    \(listExitStatus)
    """
