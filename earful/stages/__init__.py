"""The stages of the flow, a file each. The tables are their queues: none calls another.

crawl → mentions → score → verdicts → judge → cases, alerts → deliver → Slack. Each reads once,
computes outside any transaction, writes once; each may die anywhere and run again.
"""
