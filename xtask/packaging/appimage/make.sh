#!/bin/sh
# An AppImage of the archive: make.sh ARCHIVE.tar.gz OUT.AppImage, with appimagetool in the PATH.
set -eu
archive=$1 out=$2
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/Holdoff.AppDir/usr"
tar -xzf "$archive" -C "$work/Holdoff.AppDir/usr" --strip-components=1
cd "$work/Holdoff.AppDir"
# A unit would name a path that is another each time; and what is mounted read-only cannot replace itself.
rm -r usr/share/systemd usr/share/holdoff
cp "$here/AppRun" AppRun
cp usr/share/applications/dev.holdoff.tray.desktop .
cp usr/share/icons/hicolor/256x256/apps/dev.holdoff.tray.png .
ln -s dev.holdoff.tray.png .DirIcon
cd "$OLDPWD"
appimagetool --no-appstream "$work/Holdoff.AppDir" "$out"
