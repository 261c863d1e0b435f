"""Small run.yaml files as the distributions of Llama Stack write them."""

REMOTE_VLLM_0_2_12 = """\
version: '2'
image_name: remote-vllm
apis: [agents, inference, safety, tool_runtime, vector_io]
providers:
  inference:
  - provider_id: vllm-inference
    provider_type: remote::vllm
    config:
      url: ${env.VLLM_URL:http://localhost:8000/v1}
      max_tokens: ${env.VLLM_MAX_TOKENS:4096}
      api_token: ${env.VLLM_API_TOKEN:fake}
      tls_verify: ${env.VLLM_TLS_VERIFY:true}
  - provider_id: ${env.ENABLE_OLLAMA:__disabled__}
    provider_type: remote::ollama
    config:
      url: ${env.OLLAMA_URL:http://localhost:11434}
  - provider_id: sentence-transformers
    provider_type: inline::sentence-transformers
    config: {}
  vector_io:
  - provider_id: faiss
    provider_type: inline::faiss
    config:
      kvstore: {type: sqlite, namespace: null, db_path: "${env.SQLITE_STORE_DIR:~/.llama}/faiss_store.db"}
  - provider_id: ${env.ENABLE_CHROMADB+chromadb}
    provider_type: remote::chromadb
    config: {url: "${env.CHROMADB_URL:}"}
  scoring:
  - {provider_id: basic, provider_type: "inline::basic", config: {}}
  telemetry:
  - provider_id: meta-reference
    provider_type: inline::meta-reference
    config: {sinks: "${env.TELEMETRY_SINKS:console,sqlite}"}
metadata_store: {type: sqlite, db_path: "${env.SQLITE_STORE_DIR:~/.llama}/registry.db"}
models:
- {metadata: {}, model_id: "${env.INFERENCE_MODEL}", provider_id: vllm-inference, model_type: llm}
- {metadata: {}, model_id: meta-llama/Llama-Guard-3-8B, provider_id: vllm-inference, model_type: llm}
- metadata: {embedding_dimension: 384}
  model_id: all-MiniLM-L6-v2
  provider_id: sentence-transformers
  model_type: embedding
shields:
- {shield_id: content_safety, provider_id: llama-guard, provider_shield_id: meta-llama/Llama-Guard-3-8B}
vector_dbs:
- {vector_db_id: Hand-Book v1, provider_id: faiss, embedding_model: all-MiniLM-L6-v2}
tool_groups:
- {toolgroup_id: "builtin::websearch", provider_id: tavily-search}
- {toolgroup_id: "builtin::rag", provider_id: rag-runtime}
- {toolgroup_id: "mcp::tickets", provider_id: model-context-protocol, mcp_endpoint: {uri: "http://tickets:8000/sse"}}
server: {port: 8321}
"""

STARTER_0_2_22 = """\
version: 2
image_name: starter
apis: [agents, files, inference, safety, telemetry, tool_runtime, vector_io]
providers:
  inference:
  - provider_id: ${env.OLLAMA_URL:+ollama}
    provider_type: remote::ollama
    config: {url: "${env.OLLAMA_URL:=http://localhost:11434}"}
  - provider_id: ${env.VLLM_URL:+vllm}
    provider_type: remote::vllm
    config:
      url: ${env.VLLM_URL:=}
      api_token: ${env.VLLM_API_TOKEN:=fake}
      tls_verify: ${env.VLLM_TLS_VERIFY:=true}
  - provider_id: openai
    provider_type: remote::openai
    config:
      api_key: ${env.OPENAI_API_KEY:=}
      base_url: ${env.OPENAI_BASE_URL:=https://api.openai.com/v1}
  - {provider_id: bedrock, provider_type: "remote::bedrock"}
  - {provider_id: sentence-transformers, provider_type: "inline::sentence-transformers"}
  vector_io:
  - provider_id: faiss
    provider_type: inline::faiss
    config: {kvstore: {type: sqlite, db_path: "${env.SQLITE_STORE_DIR:=~/.llama}/faiss_store.db"}}
  - provider_id: ${env.MILVUS_URL:+milvus}
    provider_type: remote::milvus
    config:
      uri: ${env.MILVUS_URL:=}
      token: ${env.MILVUS_TOKEN:=}
      consistency_level: Strong
      kvstore: {type: sqlite, db_path: "${env.SQLITE_STORE_DIR:=~/.llama}/milvus_registry.db"}
  files:
  - provider_id: meta-reference-files
    provider_type: inline::localfs
    config: {storage_dir: "${env.FILES_STORAGE_DIR:=~/.llama/files}"}
metadata_store: {type: sqlite, db_path: "${env.SQLITE_STORE_DIR:=~/.llama}/registry.db"}
models: []
shields:
- shield_id: llama-guard
  provider_id: ${env.SAFETY_MODEL:+llama-guard}
  provider_shield_id: ${env.SAFETY_MODEL:=}
vector_dbs:
- {vector_db_id: docs-2024, provider_id: milvus, embedding_model: sentence-transformers/all-MiniLM-L6-v2}
tool_groups:
- {toolgroup_id: "builtin::rag", provider_id: rag-runtime}
server: {port: 8321}
"""

POSTGRES_0_3_5 = """\
version: 2
image_name: rh
apis: [agents, inference, safety, tool_runtime, vector_io, files]
providers:
  inference:
  - provider_id: ${env.VLLM_URL:+vllm-inference}
    provider_type: remote::vllm
    config:
      url: ${env.VLLM_URL:=}
      api_token: ${env.VLLM_API_TOKEN:=fake}
      tls_verify: ${env.VLLM_TLS_VERIFY:=true}
  - provider_id: ${env.VLLM_EMBEDDING_URL:+vllm-embedding}
    provider_type: remote::vllm
    config: {url: "${env.VLLM_EMBEDDING_URL:=}", api_token: sk-written-into-the-file}
  vector_io:
  - provider_id: milvus
    provider_type: inline::milvus
    config:
      db_path: /opt/app-root/src/.llama/distributions/rh/milvus.db
      persistence: {backend: kv_default, namespace: "vector_io::milvus"}
  - provider_id: ${env.MILVUS_ENDPOINT:+milvus-remote}
    provider_type: remote::milvus
    config:
      uri: ${env.MILVUS_ENDPOINT:=}
      token: ${env.MILVUS_TOKEN:=}
      persistence: {backend: kv_default}
storage:
  backends:
    kv_default:
      type: kv_postgres
      host: ${env.POSTGRES_HOST:=localhost}
      port: ${env.POSTGRES_PORT:=5432}
      db: ${env.POSTGRES_DB:=llamastack}
      user: ${env.POSTGRES_USER:=llamastack}
      password: ${env.POSTGRES_PASSWORD:=llamastack}
      table_name: llamastack_kvstore
    sql_default:
      type: sql_postgres
      host: ${env.POSTGRES_HOST:=localhost}
      port: ${env.POSTGRES_PORT:=5432}
      db: ${env.POSTGRES_DB:=llamastack}
      user: ${env.POSTGRES_USER:=llamastack}
      password: ${env.POSTGRES_PASSWORD:=llamastack}
  stores:
    metadata: {backend: kv_default, namespace: registry}
registered_resources:
  models:
  - {metadata: {}, model_id: "${env.INFERENCE_MODEL}", provider_id: vllm-inference, model_type: llm}
  - metadata: {embedding_dimension: "${env.EMBEDDING_DIMENSION:=768}"}
    model_id: ${env.EMBEDDING_MODEL:=granite-embedding}
    provider_id: ${env.EMBEDDING_PROVIDER:=vllm-embedding}
    provider_model_id: ibm-granite/granite-embedding-125m-english
    model_type: embedding
  shields: []
  vector_stores:
  - vector_store_id: vs_policies
    vector_store_name: Policies
    embedding_model: vllm-embedding/granite-embedding
  tool_groups:
  - {toolgroup_id: "builtin::rag", provider_id: rag-runtime}
telemetry: {enabled: true}
server:
  port: 8321
  auth: {provider_config: {type: oauth2_token, jwks: {token: secret-of-the-auth}}}
"""

OGX_1_5 = """\
version: 2
distro_name: ogx
apis: [files, inference, responses, tool_runtime, vector_io, skills]
providers:
  inference:
  - provider_id: vllm
    provider_type: remote::vllm
    config: {base_url: "http://user:hidden@gpu:8000/v1", max_tokens: 512, api_token: fake}
  - {provider_id: sentence-transformers, provider_type: "inline::sentence-transformers", config: {}}
  vector_io:
  - provider_id: milvus
    provider_type: inline::milvus
    config: {db_path: "${env.STATE}/milvus.db", persistence: {namespace: milvus, backend: kv_default}}
  skills:
  - {provider_id: builtin, provider_type: "inline::builtin", config: {}}
storage:
  backends:
    kv_default: {type: kv_sqlite, db_path: "${env.STATE}/kvstore.db"}
registered_resources:
  models:
  - {metadata: {}, model_id: smollm2, provider_id: vllm, provider_model_id: smollm2, model_type: llm}
  - {metadata: {embedding_dimension: 384}, model_id: minilm, provider_id: sentence-transformers,
     provider_model_id: /models/all-MiniLM-L6-v2, model_type: embedding}
  vector_stores: []
server: {host: 127.0.0.1, port: 8450}
connectors: []
"""

ALL = {
    "0.2.12": REMOTE_VLLM_0_2_12,
    "0.2.22": STARTER_0_2_22,
    "0.3.5": POSTGRES_0_3_5,
    "ogx": OGX_1_5,
}
