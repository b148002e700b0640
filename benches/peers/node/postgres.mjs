// The jobs of a peer on PostgreSQL.
import pg from "pg";

/** Opens a connection, by which `open` returns whether this query has a result. */
export async function exists(query) {
  const db = new pg.Client({ connectionString: process.env.DATABASE_URL });
  await db.connect();
  return { open: async () => (await db.query(query)).rowCount > 0, close: () => db.end() };
}
