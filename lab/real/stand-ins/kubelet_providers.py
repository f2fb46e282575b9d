"""How kubelet registers its image credential providers, by its minor version (pkg/credentialprovider/plugin)."""

import glob
import json
import os
import re
import sys

KINDS = ("kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v1beta1", "kubelet.config.k8s.io/v1alpha1")
V1 = "credentialprovider.kubelet.k8s.io/v1"
PLUGIN_VERSIONS = (V1, V1 + "alpha1", V1 + "beta1")
# Since this version: strict decoding, a folder of files, a look for the program in the way of a shell, Go's strict URLs.
STRICT = 36
KEYS = {
    "": ("apiVersion", "kind", "providers"),
    "providers": ("name", "matchImages", "defaultCacheDuration", "apiVersion", "args", "env", "tokenAttributes"),
    "env": ("name", "value"),
    "tokenAttributes": (
        "serviceAccountTokenAudience",
        "cacheType",
        "requireServiceAccount",
        "requiredServiceAccountAnnotationKeys",
        "optionalServiceAccountAnnotationKeys",
    ),
}
CACHE_TYPES = ("ServiceAccount", "Token")
UNITS = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


class Failure(Exception):
    pass


class Fatal(Exception):
    pass


def read_file(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError as error:
        raise Failure("open %s: %s" % (path, error.strerror.lower()))


def decode(text):
    """As k8s.io/apimachinery does: what begins with a brace is JSON, anything else YAML."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise Failure("couldn't get version/kind; json parse error: %s" % error)
    # Kept out of the usual start, which JSON makes quicker.
    sys.path.append("/usr/lib/python3/dist-packages")
    from ruamel.yaml import YAML, YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise Failure("couldn't get version/kind; json parse error: error converting YAML to JSON: yaml: %s" % str(error).replace("\n", " "))


def read_configs(path, minor):
    """The configurations in a file, or since 1.36 in the files of a folder."""
    files = [path]
    if minor < STRICT:
        if not os.path.isfile(path):
            why = "is a directory" if os.path.isdir(path) else "no such file or directory"
            verb = "read" if os.path.isdir(path) else "open"
            raise Failure(
                'unable to read external registry credential provider configuration from "%s": %s %s: %s' % (path, verb, path, why)
            )
    elif path == "":
        raise Failure("credential provider config path is empty")
    elif not os.path.exists(path):
        raise Failure('unable to access path "%s": stat %s: no such file or directory' % (path, path))
    elif os.path.isdir(path):
        files = sorted(f for e in ("json", "yaml", "yml") for f in glob.glob(os.path.join(path, "*." + e)) if os.path.isfile(f))
        if not files:
            raise Failure('no configuration files found in directory "%s"' % path)
    for file in files:
        try:
            yield decode_config(read_file(file), minor)
        except Failure as failure:
            raise Failure("error decoding config %s: %s" % ('"%s"' % file if minor >= STRICT else file, failure))


def decode_config(text, minor):
    if text.startswith("\ufeff"):
        if minor < STRICT:
            raise Failure("couldn't get version/kind; json parse error: invalid character '\u00ef' looking for beginning of value")
        text = text[1:]
    config = decode(text)
    if not isinstance(config, dict):
        raise Failure("couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct")
    if config.get("kind") != "CredentialProviderConfig" or config.get("apiVersion") not in KINDS:
        raise Failure(
            'no kind "%s" is registered for version "%s" in scheme "pkg/credentialprovider/plugin/plugin.go"'
            % (config.get("kind", ""), config.get("apiVersion", ""))
        )
    if minor >= STRICT:
        unknown = list(unknown_keys(config, "", ""))
        if unknown:
            raise Failure("strict decoding error: %s" % ", ".join('unknown field "%s"' % key for key in unknown))
    for provider in config.get("providers") or []:
        read_duration(provider.get("defaultCacheDuration"))
    return config


def unknown_keys(value, kind, at):
    for key, inner in value.items():
        path = "%s.%s" % (at, key) if at else key
        if key not in KEYS[kind]:
            yield path
        elif key in KEYS and isinstance(inner, dict):
            yield from unknown_keys(inner, key, path)
        elif key in KEYS and isinstance(inner, list):
            for index, item in enumerate(inner):
                yield from unknown_keys(item, key, "%s[%d]" % (path, index))


def read_duration(text):
    """Go's time.ParseDuration, in seconds; None where there is none."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise Failure("json: cannot unmarshal number into Go value of type string")
    body = text.lstrip("+-") if len(text) > 1 else text
    if body == "0":
        return 0
    total, rest = 0.0, body
    while rest or not body:
        number = re.match(r"\d+\.?\d*|\.\d+", rest)
        if number is None:
            raise Failure('time: invalid duration "%s"' % text)
        unit = re.match(r"[^\d.]*", rest[number.end():]).group()
        if unit not in UNITS:
            raise Failure('time: %s in duration "%s"' % ('unknown unit "%s"' % unit if unit else "missing unit", text))
        total += float(number.group()) * UNITS[unit]
        rest = rest[number.end() + len(unit):]
    return -total if text.startswith("-") else total


def url_fault(pattern, minor):
    """Why Go's net/url refuses `https://PATTERN`; newer versions of Go refuse more."""
    address = "https://" + pattern
    if re.search(r"[\x00-\x1f\x7f]", pattern):
        return 'parse "%s": net/url: invalid control character in URL' % address
    host = re.split(r"[/?#]", pattern, maxsplit=1)[0].rpartition("@")[2]
    bad = re.search(r"[ \\^`{|}]", host)
    if bad:
        return 'parse "%s": invalid character "%s" in host name' % (address, bad.group())
    if host.startswith("["):
        name, closed, port = host.partition("]")
        if not closed:
            return 'parse "%s": missing \']\' in host' % address
    else:
        name, colon, port = host.rpartition(":") if ":" in host else (host, "", "")
        port = colon + port
        if minor >= STRICT and ("[" in host or "]" in host or ":" in name):
            return 'parse "%s": invalid character "%s" in host name' % (address, "[" if "[" in host else ":")
    if port and not re.fullmatch(r":\d*", port):
        return 'parse "%s": invalid port "%s" after host' % (address, port)
    return None


def provider_faults(provider, minor):
    name = str(provider.get("name", ""))
    for text, words in (("/", "cannot contain '/'"), (" ", "cannot contain spaces")):
        if text in name:
            yield 'providers.name: Invalid value: "%s": provider name %s' % (name, words)
    if name in (".", ".."):
        yield "providers.name: Invalid value: \"%s\": provider name cannot be '%s'" % (name, name)
    version = provider.get("apiVersion", "")
    if version == "":
        yield "providers.apiVersion: Required value"
    elif version not in PLUGIN_VERSIONS:
        known = ", ".join('"%s"' % one for one in sorted(PLUGIN_VERSIONS))
        yield 'providers.apiVersion: Unsupported value: "%s": supported values: %s' % (version, known)
    if not provider.get("matchImages"):
        yield "providers.matchImages: Required value: at least 1 item in matchImages is required"
    for pattern in provider.get("matchImages") or []:
        fault = url_fault(str(pattern), minor)
        if fault:
            yield 'providers.matchImages: Invalid value: "%s": match image is invalid: %s' % (pattern, fault)
    duration = read_duration(provider.get("defaultCacheDuration"))
    if duration is None:
        yield "providers.defaultCacheDuration: Required value"
    elif duration < 0:
        yield (
            'providers.defaultCacheDuration: Invalid value: "%s": defaultCacheDuration must be greater than or equal to 0'
            % provider["defaultCacheDuration"]
        )
    # Older versions do not know the field, and ignore it.
    if provider.get("tokenAttributes") is not None and minor >= STRICT:
        yield from token_faults(provider["tokenAttributes"], version)


def token_faults(tokens, version):
    at = "providers.tokenAttributes"
    required = tokens.get("requiredServiceAccountAnnotationKeys") or []
    if not tokens.get("serviceAccountTokenAudience"):
        yield at + ".serviceAccountTokenAudience: Required value"
    if tokens.get("requireServiceAccount") is None:
        yield at + ".requireServiceAccount: Required value"
    if version != V1:
        yield "%s: Forbidden: tokenAttributes is only supported for %s API version" % (at, V1)
    if tokens.get("requireServiceAccount") is False and required:
        yield (
            at + ".requiredServiceAccountAnnotationKeys: Forbidden: requireServiceAccount cannot be false when "
            "requiredServiceAccountAnnotationKeys is set"
        )
    optional = tokens.get("optionalServiceAccountAnnotationKeys") or []
    for key in sorted({key for keys in (required, optional) for key in keys if keys.count(key) > 1}):
        yield '%s.requiredServiceAccountAnnotationKeys: Duplicate value: "%s"' % (at, key)
    if set(required) & set(optional):
        yield "%s: Invalid value: annotation keys cannot be both required and optional" % at
    if not tokens.get("cacheType"):
        yield (
            at + ".cacheType: Required value: cacheType is required to be set when tokenAttributes is specified. "
            "Supported values are: " + ", ".join(CACHE_TYPES)
        )
    elif tokens["cacheType"] not in CACHE_TYPES:
        known = ", ".join('"%s"' % one for one in CACHE_TYPES)
        yield '%s.cacheType: Unsupported value: "%s": supported values: %s' % (at, tokens["cacheType"], known)


def find_program(folder, name, minor):
    path = os.path.join(folder, name)
    if minor < STRICT:
        # Whether it can be run shows when it is run.
        if not os.path.exists(path):
            raise Failure("plugin binary executable %s did not exist" % path)
        return
    # The path is that of exec.LookPath, which is empty where it fails.
    if not os.path.exists(path):
        raise Failure("plugin binary executable  did not exist")
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        why = "is a directory" if os.path.isdir(path) else "permission denied"
        raise Failure('error inspecting binary executable : exec: "%s": %s' % (path, why))


def register(path, folder, minor):
    if path == "" and folder == "":
        return
    if not os.path.exists(folder):
        raise Failure("plugin binary directory %s did not exist" % folder)
    providers, names = [], set()
    for config in read_configs(path, minor):
        for provider in config.get("providers") or []:
            if minor >= STRICT and provider.get("name") in names:
                raise Failure('duplicate provider name "%s" found in configuration file(s)' % provider.get("name"))
            names.add(provider.get("name"))
            providers.append(provider)
    faults = [] if providers else ["providers: Required value: at least 1 item in plugins is required"]
    faults += [fault for provider in providers for fault in provider_faults(provider, minor)]
    if faults:
        text = faults[0] if len(faults) == 1 else "[%s]" % ", ".join(faults)
        raise Failure("failed to validate credential provider config: %s" % text)
    registered = set()
    for provider in providers:
        find_program(folder, provider["name"], minor)
        if provider["name"] in registered:
            raise Fatal('Credential provider "%s" was registered twice' % provider["name"])
        registered.add(provider["name"])
