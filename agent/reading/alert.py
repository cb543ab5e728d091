"""A ticket's text enters; whether monitoring wrote it leaves. Such a text is read whole: its labels say what it is."""

import re

_ALERT = re.compile(
    r"^\s{0,8}(?:\[(?:FIRING|RESOLVED)(?::\d{1,4})?\]|\*{3,10} ?(?:Nagios|Icinga|Check_?MK|Zabbix|Sensu|Centreon)\b"
    r"|\*\* ?(?:PROBLEM|RECOVERY|ACKNOWLEDGEMENT)\b"
    r"|Notification Type: {0,3}(?:PROBLEM|RECOVERY|CUSTOM|ACKNOWLEDGEMENT|FLAPPING\w*|DOWNTIME\w*)|(?:- )?alertname"
    r" ?[=:]|AlertName:|Alert(?:ing)? ?(?:name|rule)? ?: ?\w+|Trigger(?: status)?: |Problem started at \d"
    r"|Monitor (?:is )?(?:DOWN|UP)\b|\[(?:Alerting|OK|No Data)\]|(?:PROBLEM|RECOVERY) ?[-:] ?\S+ ?(?:is|-|/)|ALARM: \""
    r"|State Change:|\{\s{0,8}\"(?:receiver|status|alerts|commonLabels|version)\" ?:)",
    re.IGNORECASE | re.MULTILINE,
)


def is_alert(text: str) -> bool:
    """Say whether a text is a notification of Prometheus, Grafana, Icinga, Nagios, Zabbix, CloudWatch or their like."""
    return bool(_ALERT.search(text[:2000]))
