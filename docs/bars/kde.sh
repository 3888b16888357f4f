#!/bin/sh
# For the widget "Command Output" in KDE Plasma: enter this line as its command, and 30000 ms as its interval.
holdoff status --format '{symbol} {window} {used}'
