import Foundation
import HTTP
import Octets
import Policy

/// `brand` of `login`: whose pages they are.
struct BrandSection {
    let context: ReadingContext
    let files: FileChecks

    /// Octets of the image at most: every page shows it, perhaps on a phone.
    static let logoBytesMax = 131_072

    func read(_ login: MappingReader) -> (brand: Brand, files: [String])? {
        guard let reader = login.nested("brand") else { return nil }
        reader.refuseEmpty("what the pages are to show, as in {name: Example Shop}")
        var brand = Brand()
        brand.name = reader.value("name", .label)?.value
        let path = reader.value("logo", .path)
        brand.logo = path.flatMap(logo)
        brand.light = colours("light", reader, sheet: "#ffffff", soft: "#55605a")
        brand.dark = colours("dark", reader, sheet: "#1b211e", soft: "#a9b5ae")
        if let links = reader.nested("links") {
            links.refuseEmpty("privacy, terms or help")
            for kind in BrandLink.Kind.allCases {
                guard let url = link(kind, links) else { continue }
                brand.links.append(BrandLink(kind: kind, url: url))
            }
            links.finish()
        }
        reader.finish()
        return (brand, path.map { [context.path($0.value)] } ?? [])
    }

    private func link(_ kind: BrandLink.Kind, _ links: MappingReader) -> String? {
        let url: Located<String>? =
            switch kind {
            case .privacy: links.value("privacy", .pageURL)
            case .terms: links.value("terms", .pageURL)
            case .help: links.value("help", .pageURL)
            }
        return url?.value
    }

    // MARK: The image

    private func logo(_ path: Located<String>) -> BrandLogo? {
        guard files.isReadable(path, "logo") else { return nil }
        func refuse(_ message: String) -> BrandLogo? {
            context.findings.error(.badValue, at: path.position, "logo \(Shown.value(path.value)) \(message)")
            return nil
        }
        guard case .success(let octets) = context.files.read(context.path(path.value), bytesMax: Self.logoBytesMax)
        else {
            return refuse("cannot be read, or is larger than 128 KiB, and every page shows it; make it smaller")
        }
        guard let type = Self.mediaType(octets) else {
            return refuse(
                "is neither PNG, nor JPEG, nor WebP; SVG can carry scripts and is not taken: export it as PNG, 128 pixels high"
            )
        }
        return BrandLogo(
            octets: octets, mediaType: type, version: Hex.text(of: context.files.sha256(octets).prefix(8)))
    }

    /// By what an image begins with: what a file is called does not count.
    static func mediaType(_ octets: [UInt8]) -> String? {
        if octets.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
        if octets.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
        if octets.starts(with: Array("RIFF".utf8)), octets.dropFirst(8).starts(with: Array("WEBP".utf8)) {
            return "image/webp"
        }
        return nil
    }

    // MARK: Colours

    /// - Parameters:
    ///   - sheet: what links and buttons stand on.
    ///   - soft: of the text in the foot, which stands on the background.
    private func colours(_ key: String, _ owner: MappingReader, sheet: String, soft: String) -> BrandColours {
        var colours = BrandColours()
        guard let reader = key == "light" ? owner.nested("light") : owner.nested("dark") else { return colours }
        reader.refuseEmpty("accent or background")
        if let accent = reader.value("accent", .colour) {
            colours.accent = accent.value
            colours.accentInk =
                Self.contrast(accent.value, "#ffffff") >= Self.contrast(accent.value, "#000000") ? "#ffffff" : "#000000"
            note(accent, "accent", on: sheet, "the sheet of the page", reader)
        }
        if let background = reader.value("background", .colour) {
            colours.background = background.value
            note(background, "background", on: soft, "the text in the foot of the page", reader)
        }
        reader.finish()
        return colours
    }

    /// WCAG 2.2 §1.4.3.
    private func note(
        _ colour: Located<String>, _ key: String, on other: String, _ what: String, _ reader: MappingReader
    ) {
        let contrast = Self.contrast(colour.value, other)
        guard contrast < 4.5 else { return }
        context.findings.warning(
            .weakContrast, at: colour.position,
            "\"\(key)\" in \(reader.name): \(colour.value) has a contrast of \(Self.shown(contrast)):1 to \(what) (\(other)), and people with weak eyes need 4.5:1 (WCAG 2.2 §1.4.3)"
        )
    }

    /// Of 1 to 21 (WCAG 2.2, contrast ratio).
    static func contrast(_ one: String, _ other: String) -> Double {
        let (a, b) = (luminance(one), luminance(other))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    private static func luminance(_ colour: String) -> Double {
        let number = Int(colour.dropFirst(), radix: 16) ?? 0
        let parts = [number >> 16 & 255, number >> 8 & 255, number & 255].map { part in
            let share = Double(part) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    /// Rounded down, so that 4.49 is not shown as 4.5.
    private static func shown(_ contrast: Double) -> String {
        let tenths = Int(contrast * 10)
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension ValueKind where Value == String {
    /// `#rrggbb`; nothing else of what CSS knows, so that it can be compared, and adds nothing to a stylesheet.
    fileprivate static var colour: ValueKind {
        ValueKind("a colour such as \"#17593f\"") { scalar throws(ValueProblem) in
            let text = scalar.text.lowercased()
            let digits = text.utf8.dropFirst()
            guard text.utf8.first == UInt8(ascii: "#"), digits.count == 6,
                digits.allSatisfy({ ASCII.isDigit($0) || (0x61...0x66).contains($0) })
            else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected a colour of six hexadecimal digits in quotes, such as \"#17593f\""
                )
            }
            return text
        }
    }

    /// Where a link leads.
    fileprivate static var pageURL: ValueKind {
        ValueKind("an https address") { scalar throws(ValueProblem) in
            let text = try text.parse(scalar)
            if text.utf8.contains(where: { #""<>\^`{|}"#.utf8.contains($0) }) {
                throw ValueProblem(
                    #"\#(Shown.value(text)): an address has no " < > \ ^ ` { | } (RFC 3986 §2); write them as %22 %3C %3E %5C %5E %60 %7B %7C %7D"#
                )
            }
            let rest = text.dropFirst("https://".count)
            let authority = rest.prefix { !"/?#".contains($0) }
            let parts = rest.dropFirst(authority.count).split(separator: "#", omittingEmptySubsequences: false)
            let path = parts.first.map { $0.replacing("@", with: "%40") } ?? ""
            guard text.utf8.count <= 1_024, text.hasPrefix("https://"), parts.count <= 2,
                AbsoluteURL("https://" + authority + path) != nil,
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else {
                throw ValueProblem(
                    "found \(Shown.value(text)), expected an https address, such as https://example.com/privacy")
            }
            return text
        }
    }
}
