/// What a browser says it is, in two words. It says whatever it likes, so this is for people to recognise their own
/// browsers, and decides nothing.
package struct UserAgentSummary: Equatable {
    /// nil: it is none that is known here.
    package let browser: String?
    /// nil: it is none that is known here.
    package let system: String?

    /// Of the field `User-Agent`.
    package init(_ userAgent: String) {
        browser = Self.browsers.first(where: { userAgent.contains($0.mark) })?.name
        system = Self.systems.first(where: { userAgent.contains($0.mark) })?.name
    }

    // In this order: most browsers name those before them, too.
    private static let browsers: [(mark: String, name: String)] = [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi/", "Vivaldi"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("HeadlessChrome/", "Chrome"), ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"), ("Chromium/", "Chromium"), ("Safari/", "Safari"), ("curl/", "curl"),
    ]
    private static let systems: [(mark: String, name: String)] = [
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
        ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux"), ("FreeBSD", "FreeBSD"),
    ]
}
