/** For `prisma generate`: it wants an address, and does not use it. */
import { defineConfig } from 'prisma/config';

export default defineConfig({ schema: 'schema.prisma', datasource: { url: 'postgresql://localhost/unused' } });
