import Crypto
import Octets
import Policy

/// The one stylesheet, inside every page; the content security policy allows it by its hash and nothing else.
enum PageStyle {
    /// As `style-src` names it (CSP 3 §2.3.1).
    static let source = source(of: text)

    /// Of all stylesheets of a page.
    static func sources(_ brand: Brand) -> [String] { [source] + (text(brand).map { [source(of: $0)] } ?? []) }

    private static func source(of text: String) -> String {
        "'sha256-" + Base64.encode(SHA256.hash(data: Array(text.utf8)).map { $0 }) + "'"
    }

    /// The colours of a brand; nil: it has none. There is nothing in it but digits and what stands here.
    static func text(_ brand: Brand) -> String? {
        func rules(_ colours: BrandColours) -> String {
            [("--act", colours.accent), ("--act-ink", colours.accentInk), ("--ground", colours.background)]
                .compactMap { name, value in value.map { "\(name): \($0);" } }.joined(separator: " ")
        }
        let light = rules(brand.light), dark = rules(brand.dark)
        guard !light.isEmpty || !dark.isEmpty else { return nil }
        return ":root { \(light) } @media (prefers-color-scheme: dark) { :root { \(darkOwn) \(dark) } }"
    }

    /// The accent of the light scheme must not reach into the dark one.
    private static let darkOwn = "--act: #8fd6b4; --act-ink: #0c1a13; --ground: #121614;"

    // Colours have a contrast of 4.5:1 at least in both schemes (WCAG 2.2 §1.4.3), borders of fields 3:1 (§1.4.11);
    // buttons are 44 px high (§2.5.5). No media is loaded, no font either.
    static let text = """
        :root { color-scheme: light dark; --ground: #f3f4f1; --sheet: #ffffff; --ink: #1c211e; --soft: #55605a; --line: #7b857f;
          --hair: #dfe3df; --act: #17593f; --act-ink: #ffffff; --bad: #a3201a; --bad-ground: #fdf0ee; }
        @media (prefers-color-scheme: dark) { :root { --ground: #121614; --sheet: #1b211e; --ink: #e9eeea; --soft: #a9b5ae; --line: #7f8c85;
          --hair: #313a35; --act: #8fd6b4; --act-ink: #0c1a13; --bad: #ffb0a6; --bad-ground: #331b18; } }
        * { box-sizing: border-box; }
        body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; justify-content: center;
          padding: 1.5rem 1rem; background: var(--ground); color: var(--ink);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
        main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--sheet); border: 1px solid var(--hair);
          border-radius: .75rem; overflow-wrap: anywhere; }
        h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; font-weight: 650; }
        h2 { margin: 1.5rem 0 .25rem; font-size: 1rem; font-weight: 650; }
        p { margin: 0 0 1rem; }
        ul { margin: 0 0 1rem; padding-inline-start: 1.25rem; }
        li { margin: .25rem 0; }
        .soft, footer { color: var(--soft); font-size: .9rem; }
        code { font: .9em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
        .code { display: block; margin: 0 0 1rem; padding: .75rem; border: 1px solid var(--hair); border-radius: .5rem; text-align: center;
          font-size: 1.75rem; font-weight: 600; letter-spacing: .08em; }
        pre { margin: 0 0 1rem; padding: .75rem; border: 1px solid var(--hair); border-radius: .5rem; white-space: pre-wrap; font-size: .85rem; }
        label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
        input { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .5rem;
          background: var(--sheet); color: var(--ink); font: inherit; }
        input[aria-invalid="true"] { border: 2px solid var(--bad); }
        .entry { text-transform: uppercase; letter-spacing: .08em; font-size: 1.25rem; }
        .problem { margin: 1rem 0; padding: .75rem 1rem; border-inline-start: .25rem solid var(--bad); background: var(--bad-ground); color: var(--bad);
          border-radius: .25rem; }
        .buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
        button { flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--act); border-radius: .5rem;
          background: var(--act); color: var(--act-ink); font: inherit; font-weight: 600; cursor: pointer; }
        button.other { background: transparent; color: var(--act); }
        a { color: var(--act); }
        .brand { display: flex; align-items: center; gap: .75rem; margin: 0 0 1.5rem; font-weight: 650; }
        .brand img { display: block; max-width: 100%; max-height: 3rem; }
        a.button { flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--act); border-radius: .5rem; text-align: center;
          background: var(--act); color: var(--act-ink); font-weight: 600; text-decoration: none; }
        a.button.other { background: transparent; color: var(--act); }
        .secret { font-size: 1.1rem; letter-spacing: 0; line-height: 1.5; }
        .codes { columns: 12rem; margin: 0 0 1rem; padding-inline-start: 2rem; }
        summary { min-height: 2.75rem; padding: .5rem 0; cursor: pointer; color: var(--act); }
        .notice { margin: 1rem 0; padding: .75rem 1rem; border-inline-start: .25rem solid var(--act); border-radius: .25rem; background: var(--ground); }
        .rows { list-style: none; padding: 0; margin: 0; }
        .rows > li { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; justify-content: space-between;
          margin: 0; padding: .75rem 0; border-bottom: 1px solid var(--hair); }
        .rows > li > div { flex: 1 1 12rem; }
        .rows p, .rows ul { margin: .125rem 0 0; }
        .mark { font-size: .9rem; color: var(--act); font-weight: 600; }
        button.small { flex: 0 0 auto; font-size: .9rem; }
        .choice { display: flex; gap: .5rem; align-items: center; min-height: 2.75rem; font-weight: 400; }
        .choice label { margin: 0; font-weight: 400; }
        .choice input { width: 1.25rem; min-height: 1.25rem; flex: none; }
        .end { margin: 1.25rem 0 0; }
        .unseen { position: absolute; width: 1px; height: 1px; min-height: 0; padding: 0; border: 0; overflow: hidden; clip-path: inset(50%); }
        :focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
        footer { margin-top: 1rem; text-align: center; }
        footer a { color: inherit; margin: 0 .5rem; display: inline-block; padding: .25rem 0; }
        @media (forced-colors: active) { button, main, input { border: 1px solid; } }
        """
}
