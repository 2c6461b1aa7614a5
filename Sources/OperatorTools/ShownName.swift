import LogIn

extension String {
    /// What somebody else chose, for a line of a list: without characters that command a terminal, turn the direction of
    /// what stands around them or that nobody sees.
    package var shownOnTerminal: String { shownOnPage(256) }
}
