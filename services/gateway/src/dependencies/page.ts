export interface Page<T> { readonly items: readonly T[]; readonly next: string | null }

export interface PageRequest { readonly limit: number; readonly cursor: string | undefined }
