/* Seals and opens with libcjose, and measures it: see ../src/foreign.rs for what comes in on standard input and goes
 * out on standard output. cjose_peer.sh compiles and starts it. libcjose has no RSA-OAEP-256. */

#include <cjose/cjose.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static double nanoseconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

/* Without a place for errors, libcjose 0.6 crashes while it opens ECDH-ES. */
static cjose_err ignored;

/* One operation: sealing if `sealed` is null. */
struct work {
  cjose_jwk_t *key;
  cjose_header_t *header;
  const uint8_t *plaintext;
  size_t len;
  const char *sealed;
};

static char *seal(const struct work *work) {
  cjose_jwe_t *jwe = cjose_jwe_encrypt(work->key, work->header, work->plaintext, work->len, &ignored);
  char *text = jwe ? cjose_jwe_export(jwe, &ignored) : NULL;
  if (!text) fail("sealing failed");
  cjose_jwe_release(jwe);
  return text;
}

static uint8_t *open_sealed(const struct work *work, size_t *len) {
  cjose_jwe_t *jwe = cjose_jwe_import(work->sealed, strlen(work->sealed), &ignored);
  uint8_t *plaintext = jwe ? cjose_jwe_decrypt(jwe, work->key, len, &ignored) : NULL;
  if (!plaintext) fail("opening failed");
  cjose_jwe_release(jwe);
  return plaintext;
}

static double run(const struct work *work, long times) {
  double start = nanoseconds_now();
  for (long i = 0; i < times; i++) {
    size_t len;
    if (work->sealed)
      free(open_sealed(work, &len));
    else
      free(seal(work));
  }
  return nanoseconds_now() - start;
}

static int ascending(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double number(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  if (!json_is_number(value)) fail("a number is missing");
  return json_number_value(value);
}

static const char *text(const json_t *object, const char *name) {
  const char *value = json_string_value(json_object_get(object, name));
  if (!value) fail("a text is missing");
  return value;
}

static double median(const struct work *work, const json_t *effort) {
  double sample = number(effort, "sample_ms") * 1e6, took;
  long times = 1, rounds = number(effort, "rounds"), least = number(effort, "least_rounds"), done = 0;
  while ((took = run(work, times)) < sample / 4) times *= 2;
  times = times * sample / took;
  if (times < 1) times = 1;
  double *samples = calloc(rounds > least ? rounds : least, sizeof *samples);
  double end = nanoseconds_now() + number(effort, "at_most_ms") * 1e6;
  while (done < least || (done < rounds && nanoseconds_now() < end)) samples[done++] = run(work, times) / times;
  qsort(samples, done, sizeof *samples, ascending);
  double middle = samples[done / 2];
  free(samples);
  return middle;
}

static cjose_jwk_t *imported(json_t *jwk) {
  char *json = json_dumps(jwk, 0);
  cjose_jwk_t *key = cjose_jwk_import(json, strlen(json), &ignored);
  free(json);
  if (!key) fail("a key is not taken");
  return key;
}

/* The key and the header of an algorithm, made once. */
static struct work of(const json_t *task, const char *alg) {
  static struct work dir, ecdh_es;
  if (!dir.key) {
    dir.key = imported(json_pack("{s:s, s:O}", "kty", "oct", "k", json_object_get(task, "secret")));
    ecdh_es.key = imported(json_object_get(task, "p256"));
    dir.header = cjose_header_new(&ignored);
    ecdh_es.header = cjose_header_new(&ignored);
    cjose_header_set(dir.header, CJOSE_HDR_ENC, CJOSE_HDR_ENC_A256GCM, &ignored);
    cjose_header_set(dir.header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_DIR, &ignored);
    cjose_header_set(ecdh_es.header, CJOSE_HDR_ENC, CJOSE_HDR_ENC_A256GCM, &ignored);
    cjose_header_set(ecdh_es.header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_ECDH_ES, &ignored);
  }
  return strcmp(alg, "dir") == 0 ? dir : ecdh_es;
}

int main(void) {
  json_t *task = json_loadf(stdin, 0, NULL), *entry;
  if (!task) fail("the task is no JSON");
  json_t *messages = json_array(), *medians = json_array();
  const char *plaintext = text(task, "plaintext");
  size_t at, len;
  json_array_foreach(json_object_get(task, "messages"), at, entry) {
    struct work work = of(task, text(entry, "alg"));
    work.sealed = text(entry, "sealed");
    uint8_t *opened = open_sealed(&work, &len);
    if (len != strlen(plaintext) || memcmp(opened, plaintext, len) != 0) fail("opened something else");
    free(opened);
    work.plaintext = (const uint8_t *)plaintext;
    work.len = len;
    char *sealed = seal(&work);
    json_array_append_new(messages, json_pack("{s:s, s:s}", "alg", text(entry, "alg"), "sealed", sealed));
    free(sealed);
  }
  json_t *effort = json_object_get(task, "effort");
  json_array_foreach(json_object_get(task, "jobs"), at, entry) {
    if (!json_is_object(effort)) break;
    struct work work = of(task, text(entry, "alg"));
    work.len = number(entry, "bytes");
    uint8_t *bytes = malloc(work.len);
    memset(bytes, 0x5a, work.len);
    work.plaintext = bytes;
    char *sealed = strncmp(text(entry, "op"), "open", 4) == 0 ? seal(&work) : NULL;
    work.sealed = sealed;
    json_array_append_new(medians, json_pack("{s:s, s:I, s:f}", "op", text(entry, "op"), "bytes", (json_int_t)work.len,
                                             "ns", median(&work, effort)));
    free(sealed);
    free(bytes);
  }
  json_t *answer = json_pack("{s:s, s:o, s:o}", "version", cjose_version(), "messages", messages, "medians", medians);
  json_dumpf(answer, stdout, 0);
  return 0;
}
