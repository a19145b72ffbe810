/**
 * A small S3 server in memory, after Amazon's published API: PUT, GET (ranges, If-Match), HEAD, DELETE, ListObjectsV2 and multipart uploads of objects, path-style, with
 * SigV4 checked on every request (Signature Version 4, "Authenticating Requests: Using the Authorization Header"). It can be told to fail, for tests of clients.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const accessKeyId = 'SHOALTESTKEY';
export const secretAccessKey = 'shoal/test+secret';

interface Upload {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

const pageKeys = 100;

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string = code,
  ) {
    super(message);
  }
}

export class S3Server {
  readonly objects = new Map<string, Buffer>();
  /** Requests answered, by method and kind. */
  readonly requests: string[] = [];
  /** Asked before each request: a status to answer instead, or 'cut' to break the connection in the middle of the answer. */
  interfere: (method: string, key: string) => number | 'cut' | undefined = () => undefined;
  private readonly uploads = new Map<string, Upload>();
  private nextUpload = 1;

  private constructor(
    private readonly server: Server,
    readonly bucket: string,
  ) {}

  static async start(bucket = 'shoal-test'): Promise<S3Server> {
    const server = createServer();
    const started = new S3Server(server, bucket);
    server.on('request', (request, response) => void started.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get environment(): NodeJS.ProcessEnv {
    const { port } = this.server.address() as AddressInfo;
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: 'eu-test-1',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const url = new URL(request.url ?? '/', 'http://server');
      const method = request.method ?? '';
      const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
      const key = rest.join('/');
      this.requests.push(`${method} ${key === '' ? 'bucket' : 'object'}`);
      checkSignature(request, url, body);
      const interference = this.interfere(method, key);
      if (typeof interference === 'number') throw new Refusal(interference, interference === 503 ? 'SlowDown' : 'InternalError');
      if (bucket !== this.bucket) throw new Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist');
      this.answer(request, response, url, key, body, interference === 'cut');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`;
      response.writeHead(error.status, { 'content-type': 'application/xml' });
      response.end(request.method === 'HEAD' ? undefined : text);
    }
  }

  private answer(request: IncomingMessage, response: ServerResponse, url: URL, key: string, body: Buffer, cut: boolean): void {
    const query = url.searchParams;
    const xml = (text: string): void => {
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
    };
    switch (request.method) {
      case 'PUT': {
        const upload = query.get('uploadId');
        if (upload === null) this.store(request, key, body);
        else this.upload(upload).parts.set(Number(query.get('partNumber')), body);
        response.writeHead(200, { etag: etagOf(body) });
        response.end();
        return;
      }
      case 'POST': {
        if (query.has('uploads')) {
          const id = String(this.nextUpload++);
          this.uploads.set(id, { key, parts: new Map() });
          xml(`<InitiateMultipartUploadResult><Bucket>${this.bucket}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
          return;
        }
        const id = query.get('uploadId') ?? '';
        const { parts } = this.upload(id);
        const named = [...body.toString().matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
          number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
          etag: /<ETag>(.*?)</.exec(part)?.[1]?.replaceAll('&quot;', '"'),
        }));
        const pieces = named.map(({ number, etag }, at) => {
          const part = parts.get(number);
          if (part === undefined || etag !== etagOf(part)) throw new Refusal(400, 'InvalidPart');
          if (at < named.length - 1 && part.length < 5 * 1024 * 1024) throw new Refusal(400, 'EntityTooSmall');
          return part;
        });
        this.store(request, key, Buffer.concat(pieces));
        this.uploads.delete(id);
        xml(`<CompleteMultipartUploadResult><Key>${key}</Key></CompleteMultipartUploadResult>`);
        return;
      }
      case 'DELETE':
        if (query.has('uploadId')) this.uploads.delete(query.get('uploadId') ?? '');
        else this.objects.delete(key);
        response.writeHead(204);
        response.end();
        return;
      case 'GET':
        if (key === '') this.list(query, xml);
        else this.get(request, response, key, cut);
        return;
      case 'HEAD': {
        const object = this.find(key);
        response.writeHead(200, { 'content-length': object.length, etag: etagOf(object) });
        response.end();
        return;
      }
      default:
        throw new Refusal(405, 'MethodNotAllowed');
    }
  }

  private store(request: IncomingMessage, key: string, body: Buffer): void {
    if (request.headers['if-none-match'] === '*' && this.objects.has(key)) throw new Refusal(412, 'PreconditionFailed');
    this.objects.set(key, body);
  }

  private upload(id: string): Upload {
    const upload = this.uploads.get(id);
    if (upload === undefined) throw new Refusal(404, 'NoSuchUpload');
    return upload;
  }

  /** Uploads that were neither completed nor aborted. */
  get openUploads(): number {
    return this.uploads.size;
  }

  private find(key: string): Buffer {
    const object = this.objects.get(key);
    if (object === undefined) throw new Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
    return object;
  }

  private get(request: IncomingMessage, response: ServerResponse, key: string, cut: boolean): void {
    const object = this.find(key);
    const expected = request.headers['if-match'];
    if (expected !== undefined && expected !== etagOf(object)) throw new Refusal(412, 'PreconditionFailed');
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const first = Number(range?.[1] ?? 0);
    if (range !== null && first >= object.length) throw new Refusal(416, 'InvalidRange');
    const last = Math.min(Number(range?.[2] ?? object.length - 1), object.length - 1);
    const part = object.subarray(first, last + 1);
    response.writeHead(range === null ? 200 : 206, {
      'content-length': part.length,
      etag: etagOf(object),
      ...(range === null ? {} : { 'content-range': `bytes ${first}-${last}/${object.length}` }),
    });
    if (!cut) {
      response.end(part);
      return;
    }
    response.write(part.subarray(0, part.length >> 1), () => response.destroy());
  }

  private list(query: URLSearchParams, xml: (text: string) => void): void {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, pageKeys);
    const more = keys.length > page.length;
    const contents = page.map((key) => `<Contents><Key>${key}</Key><Size>${this.objects.get(key)?.length ?? 0}</Size></Contents>`).join('');
    xml(
      `<ListBucketResult><Name>${this.bucket}</Name><KeyCount>${page.length}</KeyCount><IsTruncated>${more}</IsTruncated>${
        more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
      }${contents}</ListBucketResult>`,
    );
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

function checkSignature(request: IncomingMessage, url: URL, body: Buffer): void {
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? '',
  );
  if (match === null) throw new Refusal(403, 'AccessDenied');
  const [, credential, day, region, signedHeaders, signature] = match as unknown as string[];
  if (credential !== accessKeyId) throw new Refusal(403, 'InvalidAccessKeyId');
  const payloadHash = request.headers['x-amz-content-sha256'];
  if (payloadHash !== createHash('sha256').update(body).digest('hex')) throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  const queries = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const headers = (signedHeaders ?? '').split(';').map((name) => `${name}:${String(request.headers[name]).trim().replace(/\s+/g, ' ')}\n`);
  const canonical = [request.method, url.pathname, queries.join('&'), headers.join(''), signedHeaders, payloadHash].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day ?? ''), region ?? ''), 's3'), 'aws4_request');
  if (hmac(key, text).toString('hex') !== signature) throw new Refusal(403, 'SignatureDoesNotMatch');
}
