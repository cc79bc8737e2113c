"""Transfer and hand-over: records that go from one person to another, and whoever leaves leaves none behind."""
