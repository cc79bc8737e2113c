"""Conformance: the checks that every plugin passes, run by subclassing one class.

from crmkit.testing.conformance import PluginConformance

class TestRental(PluginConformance):
plugin = "rental"
"""

from crmkit.testing.conformance.suite import PluginConformance as PluginConformance
