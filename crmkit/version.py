"""The version of crmkit, the same for the core and all first-party plugins."""

VERSION = "0.1.0"
