"""For tests of crmkit and of plugins: databases, a clock that stands still, and fixtures."""
