import Glibc

/// The arguments of the program.
///
/// Swift reads them from `/proc/self/cmdline`, and knows none where `/proc` is not mounted, as in a bare chroot. The
/// command line would then be empty, and mean something else than was asked.
enum ProgramArguments {
    /// With the program's name first. nil: they cannot be known.
    static var all: [String]? {
        let known = CommandLine.arguments
        return known.isEmpty ? onStack(before: environ) : known
    }

    /// More than Linux gives to a program with arguments of one octet (a quarter of its stack of 8 MiB).
    private static let countMax = 1_048_576

    /// The kernel puts them in front of the environment: their number, a pointer to each, a null pointer (System V
    /// ABI, §3.4.1). Their number is found as the word that says how many pointers stand behind it, which no pointer
    /// does.
    private static func onStack(before environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String]? {
        guard let environment, environment[-1] == nil else { return nil }
        var arguments: [String] = []
        for count in 0..<countMax {
            let pointer = environment[-2 - count]
            if Int(bitPattern: pointer) == count { return count > 0 ? arguments.reversed() : nil }
            guard let pointer else { return nil }
            arguments.append(String(cString: pointer))
        }
        return nil
    }
}
