#!/bin/sh
# For Argos in GNOME: the first line is in the panel, the others in the menu below it.
# Copy it to ~/.config/argos/holdoff.30s.sh and make it executable. Its name says how often it runs.
holdoff status --format '{symbol} {used}'
echo '---'
holdoff status --format '{account} ({plan}): {condition}'
holdoff status --format '{window} {used}, resets {reset} (in {reset_in})'
holdoff status --format 'Pace: {pace}'
holdoff status --format 'Forecast: {forecast}'
holdoff status --format 'Read {age} ago'
echo 'Open panel | bash="holdoff panel" terminal=false'
