#!/bin/sh
# Regenerates what is made from the .proto files: the Swift messages, the table of field names that
# the decoder of configuration files uses, and the reference page. Run it after changing a .proto
# file, and commit the result.
#
# Needs protoc (Debian: protobuf-compiler), Python 3 with the package `protobuf`, and the sources of
# swift-protobuf, which `swift package resolve` brings, to build protoc-gen-swift of the same version.
set -eu
cd "$(dirname "$0")/.."
protos=Sources/ControlPlane/XDS/Protos
generated=Sources/ControlPlane/XDS/Generated
work=${TMPDIR:-/tmp}/pillion-protos-$(id -u)
mkdir -p "$work"

plugin=${PROTOC_GEN_SWIFT:-}
if [ -z "$plugin" ]; then
    [ -d .build/checkouts/swift-protobuf ] || swift package resolve
    swift build --package-path .build/checkouts/swift-protobuf --scratch-path "$work/build" \
        --product protoc-gen-swift
    plugin=$work/build/debug/protoc-gen-swift
fi

# shellcheck disable=SC2046 # The names have no spaces.
set -- $(cd "$protos" && find . -name '*.proto' | sed 's,^\./,,' | sort)
rm -f "$generated"/*.pb.swift
protoc -I "$protos" -I /usr/include --plugin="protoc-gen-swift=$plugin" \
    --swift_opt=Visibility=Package --swift_opt=FileNaming=DropPath \
    --swift_opt=UseAccessLevelOnImports=true --swift_out="$generated" "$@"
# The shared default of a message's storage is never written, but strict memory safety wants each
# use of an unsafe global marked, and the generator does not mark it.
sed -i 's/= _StorageClass\.defaultInstance/= unsafe _StorageClass.defaultInstance/' \
    "$generated"/*.pb.swift

protoc -I "$protos" -I /usr/include --include_imports --include_source_info \
    --descriptor_set_out="$work/descriptors.pb" "$@"
python3 scripts/generate-protos.py "$work/descriptors.pb" "$protos/unsupported.txt" \
    "$generated/FieldNames.swift" docs/reference/configuration.md
