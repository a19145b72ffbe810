/**
 * Objects in a bucket of S3 or of a server that speaks its protocol. Endpoint, region and credentials come from AWS's usual environment variables (AWS_ENDPOINT_URL_S3,
 * AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, ...) or, without them, from the places where the library looks; with an endpoint, buckets
 * are named in the path. Loaded by open-object-store when it is needed.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { PgError } from '../common/errors.js';
import {
  bodyBytes,
  bodyChunks,
  type ByteRange,
  checkKey,
  noSuchObject,
  type ObjectBody,
  objectExists,
  type ObjectInfo,
  type ObjectStore,
  objectTooShort,
  type PutOptions,
} from './object-store.js';

const partBytesMin = 16 * 1024 * 1024;
/** S3 takes 10,000 parts. */
const partsMax = 9_000;
const triesMax = 4;
const connectionTimeoutMs = 10_000;
const requestTimeoutMs = 120_000;

function clientOptions(environment: NodeJS.ProcessEnv): S3ClientConfig {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  const endpoint = AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL;
  const region = AWS_REGION ?? AWS_DEFAULT_REGION ?? (endpoint === undefined ? undefined : 'us-east-1');
  return {
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(region === undefined ? {} : { region }),
    ...(AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: AWS_ACCESS_KEY_ID,
            secretAccessKey: AWS_SECRET_ACCESS_KEY,
            ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
          },
        }),
    // Older servers of the protocol know no checksum trailers; integrity is the business of who puts and gets (storage/backup keeps SHA-256 sums).
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: triesMax,
    requestHandler: { connectionTimeout: connectionTimeoutMs, requestTimeout: requestTimeoutMs },
  };
}

export class S3Store implements ObjectStore {
  private constructor(
    readonly location: string,
    private readonly client: S3Client,
    private readonly bucket: string,
    private readonly prefix: string,
  ) {}

  /** location: `s3://bucket` or `s3://bucket/prefix`. */
  static open(location: string, environment: NodeJS.ProcessEnv): S3Store {
    const [bucket = '', ...prefix] = location.slice('s3://'.length).split('/');
    const folder = prefix.filter((segment) => segment !== '').join('/');
    return new S3Store(location, new S3Client(clientOptions(environment)), bucket, folder === '' ? '' : `${folder}/`);
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<void> {
    const target = { Bucket: this.bucket, Key: this.key(key) };
    const condition = options.ifAbsent === true ? { IfNoneMatch: '*' } : {};
    try {
      if (bodyBytes(body) <= partBytesMin) await this.client.send(new PutObjectCommand({ ...target, ...condition, Body: await collect(body) }));
      else await this.putInParts(target, condition, body);
    } catch (error) {
      if (statusOf(error) === 412) throw objectExists(this.location, key);
      throw this.failure('write', key, error);
    }
  }

  private async putInParts(target: { Bucket: string; Key: string }, condition: { IfNoneMatch?: string }, body: ObjectBody): Promise<void> {
    const partBytes = Math.max(partBytesMin, Math.ceil(bodyBytes(body) / partsMax));
    const { UploadId } = await this.client.send(new CreateMultipartUploadCommand(target));
    if (UploadId === undefined) throw new PgError('58030', `"${this.location}" has started no upload`);
    try {
      const parts: { readonly ETag: string | undefined; readonly PartNumber: number }[] = [];
      let bytes = 0;
      for await (const part of inParts(bodyChunks(body), partBytes)) {
        const PartNumber = parts.length + 1;
        const { ETag } = await this.client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body: part }));
        parts.push({ ETag, PartNumber });
        bytes += part.byteLength;
      }
      if (bytes !== bodyBytes(body)) throw new PgError('58030', `an object of ${String(bodyBytes(body))} bytes came with ${String(bytes)}`);
      await this.client.send(new CompleteMultipartUploadCommand({ ...target, ...condition, UploadId, MultipartUpload: { Parts: parts } }));
    } catch (error) {
      // What is left of it costs the user space; that it could not be removed is not the failure to report.
      await this.client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
      throw error;
    }
  }

  async get(key: string): Promise<Buffer> {
    return await this.fetch(key, undefined);
  }

  async getRange(key: string, range: ByteRange): Promise<Buffer> {
    if (range.bytes === 0) return Buffer.alloc(0);
    return await this.fetch(key, range);
  }

  /** One stretch (or all), tried again when the connection breaks in the middle of the answer, which the library does not do. */
  private async fetch(key: string, range: ByteRange | undefined, etag?: string): Promise<Buffer> {
    const Range = range === undefined ? {} : { Range: `bytes=${String(range.offset)}-${String(range.offset + range.bytes - 1)}` };
    const IfMatch = etag === undefined ? {} : { IfMatch: etag };
    for (let tries = 1; ; tries++) {
      let body: Buffer | undefined;
      try {
        const answer = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: this.key(key), ...Range, ...IfMatch }));
        if (answer.Body === undefined) body = Buffer.alloc(0);
        else
          try {
            body = Buffer.from(await answer.Body.transformToByteArray());
          } catch (error) {
            if (tries >= triesMax) throw error;
          }
      } catch (error) {
        if (statusOf(error) === 416) throw objectTooShort(this.location, key);
        throw this.failure('read', key, error);
      }
      if (body !== undefined) {
        if (range !== undefined && body.byteLength !== range.bytes) throw objectTooShort(this.location, key);
        return body;
      }
      await sleep(100 * 2 ** tries);
    }
  }

  async *read(key: string): AsyncIterable<Uint8Array> {
    const found = await this.headTagged(key);
    if (found === undefined) throw noSuchObject(this.location, key);
    for (let offset = 0; offset < found.bytes; offset += partBytesMin) {
      yield await this.fetch(key, { offset, bytes: Math.min(partBytesMin, found.bytes - offset) }, found.etag);
    }
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const found = await this.headTagged(key);
    return found === undefined ? undefined : { key, bytes: found.bytes };
  }

  private async headTagged(key: string): Promise<{ readonly bytes: number; readonly etag: string | undefined } | undefined> {
    try {
      const { ContentLength, ETag } = await this.client.send(new HeadObjectCommand({ Bucket: this.bucket, Key: this.key(key) }));
      return { bytes: ContentLength ?? 0, etag: ETag };
    } catch (error) {
      // (A HEAD has no body: a bucket that is not there looks the same, and is told by list.)
      if (statusOf(error) === 404) return undefined;
      throw this.failure('read', key, error);
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    let continuation: string | undefined;
    do {
      let page;
      try {
        page = await this.client.send(
          new ListObjectsV2Command({
            Bucket: this.bucket,
            Prefix: `${this.prefix}${prefix}`,
            ...(continuation === undefined ? {} : { ContinuationToken: continuation }),
          }),
        );
      } catch (error) {
        throw this.failure('list', prefix, error);
      }
      for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined) yield { key: Key.slice(this.prefix.length), bytes: Size ?? 0 };
      continuation = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (continuation !== undefined);
  }

  async delete(key: string): Promise<void> {
    try {
      await this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: this.key(key) }));
    } catch (error) {
      throw this.failure('delete', key, error);
    }
  }

  close(): void {
    this.client.destroy();
  }

  private key(key: string): string {
    return `${this.prefix}${checkKey(key)}`;
  }

  private failure(action: string, key: string, error: unknown): Error {
    if (error instanceof PgError) return error;
    const { name, message } = error as Error;
    if (name === 'NoSuchKey' || (statusOf(error) === 404 && name !== 'NoSuchBucket')) return noSuchObject(this.location, key);
    const what = `could not ${action} "${key}" in "${this.location}"`;
    const reason = message === '' || message === name ? name : `${name}: ${message}`;
    const hint =
      name === 'CredentialsProviderError' || message === 'Region is missing'
        ? { hint: 'Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and AWS_ENDPOINT_URL for a server other than Amazon S3.' }
        : {};
    return new PgError('58030', `${what}: ${reason}`, hint);
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

async function collect(body: ObjectBody): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.chunks()) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  if (whole.byteLength !== body.bytes) throw new PgError('58030', `an object of ${String(body.bytes)} bytes came with ${String(whole.byteLength)}`);
  return whole;
}

/** The same bytes in parts of equal size, the last one excepted. */
async function* inParts(chunks: AsyncIterable<Uint8Array>, partBytes: number): AsyncIterable<Uint8Array> {
  let pending: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (bytes + rest.byteLength >= partBytes) {
      const taken = partBytes - bytes;
      pending.push(rest.subarray(0, taken));
      yield Buffer.concat(pending);
      rest = rest.subarray(taken);
      pending = [];
      bytes = 0;
    }
    if (rest.byteLength > 0) {
      pending.push(rest);
      bytes += rest.byteLength;
    }
  }
  if (bytes > 0) yield Buffer.concat(pending);
}
