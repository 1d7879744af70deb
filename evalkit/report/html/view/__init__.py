"""What a report shows, as plain data: templates lay it out and decide nothing.

Times are nanoseconds, shares are of 1, money is in US dollars; None is what there is no figure of.
"""

from evalkit.report.html.view.banner import Banner, Missed, Total
from evalkit.report.html.view.before import Before, Change, Moved
from evalkit.report.html.view.cost import Cost, ModelCost, ScenarioCost
from evalkit.report.html.view.figures import Integration, Latency, Limit, Spread
from evalkit.report.html.view.gates import GateLine
from evalkit.report.html.view.load import Load, Strip, Window
from evalkit.report.html.view.matrix import Cell, Matrix, State
from evalkit.report.html.view.places import Place, Problem
from evalkit.report.html.view.scenarios import Added, ScenarioLine
from evalkit.report.html.view.sessions import SessionLine, Sessions
from evalkit.report.html.view.shares import Conduct, PastRun, Shares
from evalkit.report.html.view.whole import View

__all__ = [
    "Added",
    "Banner",
    "Before",
    "Cell",
    "Change",
    "Conduct",
    "Cost",
    "GateLine",
    "Integration",
    "Latency",
    "Limit",
    "Load",
    "Matrix",
    "Missed",
    "ModelCost",
    "Moved",
    "PastRun",
    "Place",
    "Problem",
    "ScenarioCost",
    "ScenarioLine",
    "SessionLine",
    "Sessions",
    "Shares",
    "Spread",
    "State",
    "Strip",
    "Total",
    "View",
    "Window",
]
