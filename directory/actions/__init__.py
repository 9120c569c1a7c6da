"""Everything that changes the directory, one verb each.

The actor is a person who holds an administrator post of the organisation, or `OPERATOR`: a command
run on the server. What is one's own (password, language, delegations) one changes oneself.
"""

from directory.actions.authority import OPERATOR, NotAdministrator, NotYours
from directory.actions.calendar import (
    YearNotPublished,
    clear_calendar_day,
    seed_calendar,
    set_calendar_day,
)
from directory.actions.delegations import AlreadyOver, NotHeld, ToOneself, delegate, revoke
from directory.actions.imports import OutOfDate, RowsWithProblems, import_rows
from directory.actions.people import (
    AccountTaken,
    AppointedMeanwhile,
    Deactivated,
    NotOneself,
    change_person,
    choose_language,
    create_person,
    deactivate_person,
    reactivate_person,
    record_sign_in,
    set_password,
)
from directory.actions.posts import (
    ElsewhereEmployed,
    NotAppointed,
    PostTaken,
    SelfAppointed,
    WrongPeriod,
    abolish_post,
    appoint,
    create_post,
    dismiss,
)
from directory.actions.units import (
    Abolished,
    GoesInCircle,
    NameTaken,
    StillHasUnits,
    abolish_unit,
    change_group,
    change_unit,
    create_group,
    create_organisation,
    create_unit,
    rename_organisation,
)

__all__ = [
    "OPERATOR",
    "Abolished",
    "AccountTaken",
    "AlreadyOver",
    "AppointedMeanwhile",
    "Deactivated",
    "ElsewhereEmployed",
    "GoesInCircle",
    "NameTaken",
    "NotAdministrator",
    "NotAppointed",
    "NotHeld",
    "NotOneself",
    "NotYours",
    "OutOfDate",
    "PostTaken",
    "RowsWithProblems",
    "SelfAppointed",
    "StillHasUnits",
    "ToOneself",
    "WrongPeriod",
    "YearNotPublished",
    "abolish_post",
    "abolish_unit",
    "appoint",
    "change_group",
    "change_person",
    "change_unit",
    "choose_language",
    "clear_calendar_day",
    "create_group",
    "create_organisation",
    "create_person",
    "create_post",
    "create_unit",
    "deactivate_person",
    "delegate",
    "dismiss",
    "import_rows",
    "reactivate_person",
    "record_sign_in",
    "rename_organisation",
    "revoke",
    "seed_calendar",
    "set_calendar_day",
    "set_password",
]
