import Testing

extension Tag {
    /// Of a suite whose tests have to be done in real time, or that starts servers and browsers: a busy machine can make
    /// it fail. `scripts/test` runs such suites by themselves, one test after the other, and what fails a second time.
    @Tag static var timed: Self
}
