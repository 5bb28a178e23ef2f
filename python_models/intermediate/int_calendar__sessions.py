"""The exchange calendar, from 1990 to the end of the year after the lake's last session."""

from engine.market.calendar import kept_sessions, sessions_through


def model(dbt, session):
    files = dbt.ref("stg_lake__files")
    ((last_day,),) = files.aggregate("max(session_date)").fetchall()
    return sessions_through(last_day, kept_sessions(session, str(dbt.this)))
