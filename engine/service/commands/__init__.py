"""The commands of `quant`, one group a module.

A module here has a function `register(app)` that adds its commands to the application; it is
found by being here. Modules import what they need inside their commands, so that `quant --help`
stays quick.
"""
