"""Write a Postlude plugin in Python: a module whose ``plugin`` is an instance of a class of :class:`Action`.

There is one module for each interface of the contract, named like it. The build looks which of their functions the plugin names, and
the plugin imports no others; the host refuses a plugin whose imports its manifest does not account for.

    from postlude import Action, Continue, Decision, Deny, event

    class VerifiedOnly(Action):
        def on_login(self) -> Decision:
            if event.email_verified():
                return Continue()
            return Deny("email_not_verified", "Please verify your email address first.")

    plugin = VerifiedOnly()
"""

from . import cache, claims, clock, event, http, keys, log, login, random, redirect, reply, secrets, session, user
from ._abi import Failure, HostError, Unavailable
from ._action import Action
from ._decision import Continue, Decision, Deny, Redirect, TokenRequest

__all__ = [
    "Action",
    "Continue",
    "Decision",
    "Deny",
    "Failure",
    "HostError",
    "Redirect",
    "TokenRequest",
    "Unavailable",
    "cache",
    "claims",
    "clock",
    "event",
    "http",
    "keys",
    "log",
    "login",
    "random",
    "redirect",
    "reply",
    "secrets",
    "session",
    "user",
]
