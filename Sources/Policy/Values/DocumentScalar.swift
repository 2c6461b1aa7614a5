/// The text of a scalar. What it means is for whoever asked for it: YAML's own guesses (`no` is false, `1_000` and
/// `0x10` are numbers, `12:30` is sexagesimal) are not used.
package struct DocumentScalar {
    /// Without its quotes, escapes resolved.
    package var text: String
    /// Written without quotes, so that `true`, `~` and `12` are not strings.
    package var isPlain: Bool

    package init(text: String, isPlain: Bool) {
        self.text = text
        self.isPlain = isPlain
    }

    package var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }
}
