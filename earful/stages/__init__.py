"""The stages of the flow, a file each. The tables are their queues: none calls another."""
