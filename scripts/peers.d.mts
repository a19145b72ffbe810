/** Types of peers.mjs for the tests. */
export declare const peersRoot: string;
export declare function peerBinary(program: string): string | undefined;
export declare function peerEnvironment(binary: string): NodeJS.ProcessEnv;
export declare function fetchPeers(): Promise<void>;
