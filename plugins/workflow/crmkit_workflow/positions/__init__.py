"""Positions: who has which duties and rights at present, and who steps in while a position is vacant."""
