#!/usr/bin/env bash
# Builds, in an empty folder and as a user would, the Collector of the README's
# manifest and that of backends.yaml, and lets both validate configurations.
# It is called with the top of the clone and with the command that runs ocb.
set -euo pipefail
clone=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -s "$clone" "$work/iishunt"
cd "$work"
mkdir storage

# The README's manifest, word for word. It names iishunt's components alone; what
# its pipeline and config/ need besides is in this repository's own manifest.
awk '/^```yaml$/ {on = 1; text = ""; next} /^```$/ {if (on && text ~ /gomod:/) printf "%s", text; on = 0} on {text = text $0 "\n"}' \
  iishunt/README.md >components.yaml
grep -q gomod components.yaml
{
  sed -n '/^dist:/,/^$/p' iishunt/builder-config.yaml | sed 's|github.com/iishunt/iishunt/dist|example.com/otelcol|'
  for kind in receivers processors connectors exporters; do
    sed -n "/^$kind:/,/^\$/p" components.yaml
    sed -n "/^$kind:/,/^\$/p" iishunt/builder-config.yaml | grep -E '^  - gomod: (go\.opentelemetry|github\.com/open-telemetry)' || true
  done | awk '/^[a-z]+:$/ {print; next} NF'
  sed -n '/^extensions:/,$p' iishunt/builder-config.yaml
} >readme.yaml
"$@" --config readme.yaml
for config in iishunt/config/*.yaml; do
  echo "validate $config"
  (cd iishunt && "$work/dist/iishunt" validate --config "${config#iishunt/}")
done
rm -r dist

"$@" --config iishunt/testdata/ocb/backends.yaml
sed "s|\${STORAGE}|$work/storage|" iishunt/testdata/ocb/backends-config.yaml >backends-config.yaml
dist/otelcol-backends validate --config backends-config.yaml
echo "both Collectors validate their configurations"
