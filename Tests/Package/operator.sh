#!/usr/bin/env bash
# What an operator does with the package, in a machine that Tests/Package/run has booted; says how it went in /results.
set -u
cd /results || exit 1
policy=/etc/portcullis/routes.yaml

process() { systemctl show --property MainPID --value portcullis; }
# Whether the gateway is the process that it was, or another one that runs.
compare() { # with
    now=$(process)
    if ! systemctl is-active --quiet portcullis; then echo "none"
    elif [ "$now" = "$1" ]; then echo "the same process"
    else echo "another process"; fi
}
tell() { # name, value; all at once
    printf '%s\n' "$2" >"$1.new"
    mv "$1.new" "$1"
}

systemctl enable --now portcullis
tell started $?
for _ in $(seq 300); do [ -e go ] && break; sleep 0.2; done

first=$(process)
cp "$policy" /good.yaml
echo 'nonsense: true' >>"$policy"
systemctl reload portcullis
tell "broken reload" $?
tell "after a broken reload" "$(compare "$first")"
tell "upgrade with errors" "$(dpkg --install /portcullis.deb 2>&1)"
tell "after an upgrade with errors" "$(compare "$first")"
cp /good.yaml "$policy"
systemctl reload portcullis
tell reload $?
tell "after a reload" "$(compare "$first")"
tell upgrade "$(dpkg --install /portcullis.deb 2>&1)"
tell "after an upgrade" "$(compare "$first")"
systemctl stop portcullis
tell stop $?
tell result "$(systemctl show --property Result --value portcullis)"
tell journal "$(journalctl --no-pager -u portcullis 2>&1 | tail -n 40)"
